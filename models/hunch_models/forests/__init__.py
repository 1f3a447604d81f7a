"""Forests of decision trees as ONNX: running them (`forest`), fitting and writing them (`fitting`)."""
