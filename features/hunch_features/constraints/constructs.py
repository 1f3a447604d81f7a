"""Constructs of languages that rules speak of, as tree-sitter queries: `@x` breaks a rule, `@skip` does not.

A construct without a query for a language is never found there.
"""

from __future__ import annotations

_JS = ("javascript", "javascriptreact", "typescript", "typescriptreact")
_TS = ("typescript", "typescriptreact")
_ENDS = r"""(#match? @x "[^;{}]$")"""
_DOUBLE_QUOTES = '((string) @x (#match? @x "^\\"")) ((string) @skip (#match? @skip "\'"))'
_BUILTINS = (
    "assert|async_hooks|buffer|child_process|cluster|console|constants|crypto|dgram|dns|events|fs|http|http2|https|"
    "inspector|module|net|os|path|perf_hooks|process|punycode|querystring|readline|repl|stream|string_decoder|timers|"
    "tls|tty|url|util|v8|vm|worker_threads|zlib"
)
_CASTS = '((as_expression) @x (#not-match? @x " as const$"))'
_DEFINES = "const|let|var|function|class|interface|enum|async|abstract|declare"
_OWN_CODE = f"(^|\\n)(import|{_DEFINES}|export (default|{_DEFINES}))[^A-Za-z0-9_$]"
_LAST_LINE = r"[ \\t]*\\r?\\n\\s*[}\\]]$"
_NO_COMMA = rf'(#match? @x "[^,\\s{{\\[;]{_LAST_LINE}") (#not-match? @x "//[^\\n]*\\r?\\n\\s*[}}\\]]$")'
_NOT_TEXT = "[(identifier) (member_expression) (call_expression)]"
_BODIES = "[(expression_statement) (return_statement) (throw_statement) (break_statement) (continue_statement)] @x"


def _js(query: str) -> dict[str, str]:
    return dict.fromkeys(_JS, query)


def _ts(query: str) -> dict[str, str]:
    return dict.fromkeys(_TS, query)


def _statements(condition: str) -> str:
    kinds = ("expression_statement", "lexical_declaration", "variable_declaration", "return_statement",
             "import_statement", "throw_statement", "break_statement", "continue_statement")  # fmt: skip
    return " ".join(f"(({kind}) @x {condition})" for kind in kinds)


QUERIES: dict[str, dict[str, str]] = {
    "arrow_function_declaration": _js(
        "(program (lexical_declaration (variable_declarator value: (arrow_function))) @x)"
        " (export_statement declaration: (lexical_declaration (variable_declarator value: (arrow_function))) @x)"
    ),
    "any_type": _ts('((predefined_type) @x (#eq? @x "any"))'),
    "as_any": _ts('((as_expression (predefined_type) @t) @x (#eq? @t "any"))'),
    "assert_statement": {"python": "(assert_statement) @x"},
    "await_expression": {**_js("(await_expression) @x"), "python": "(await) @x"},
    "barrel": _js(f'((program (export_statement source: (string)) @x) @file (#not-match? @file "{_OWN_CODE}"))'),
    "bare_except": {"python": '(except_clause . "except" . ":") @x'},
    "broad_except": {
        "python": '((except_clause . "except" . (identifier) @t) @x (#eq? @t "Exception"))'
        ' (except_clause . "except" . ":") @x'
        ' ((except_clause . "except" . (as_pattern . (identifier) @t)) @x (#eq? @t "Exception"))'
    },
    "class_component": dict.fromkeys(
        ("javascript", "javascriptreact"),
        '((class_declaration (class_heritage) @h) @x (#match? @h "(^|[ .])(Pure)?Component$"))',
    )
    | _ts('((class_declaration (class_heritage) @h) @x (#match? @h "(^|[ .])(Pure)?Component($|<)"))'),
    "class_declaration": _js("(class_declaration) @x"),
    "debugger": _js("(debugger_statement) @x"),
    "commonjs": _js(
        '((call_expression function: (identifier) @f) @x (#eq? @f "require"))'
        ' ((assignment_expression left: (member_expression) @m) @x (#match? @m "^module[.]exports|^exports[.]"))'
    ),
    "const_enum": _ts('(enum_declaration "const") @x'),
    "default_export": _js('(export_statement "default") @x'),
    "double_cast": _ts("(as_expression (as_expression)) @x"),
    "double_backticks": {
        "python": '((expression_statement (string) @x) (#match? @x "``[^`\\n]+``"))'
        ' ((comment) @x (#match? @x "``[^`]+``"))'
    },
    "double_quotes": {
        **dict.fromkeys(
            ("javascript", "javascriptreact", "typescriptreact"), f"{_DOUBLE_QUOTES} (jsx_attribute (string) @skip)"
        ),
        "typescript": _DOUBLE_QUOTES,
    },
    "dynamic_import": _js("(call_expression function: (import)) @x"),
    "enum_declaration": _ts("(enum_declaration) @x"),
    "for_in": _js('((for_in_statement operator: "in") @x)'),
    "format_call": {
        "python": '((call function: (attribute object: (string) attribute: (identifier) @n)) @x (#eq? @n "format"))'
    },
    "fstring": {"python": "(string (interpolation)) @x"},
    "fstring_logging": {
        "python": "((call function: (attribute object: (_) @o attribute: (identifier) @a)"
        " arguments: (argument_list . (string (interpolation)) @x))"
        ' (#match? @o "(^|[._])(log|logger|logging|LOG|LOGGER)$")'
        ' (#match? @a "^(debug|info|warning|warn|error|critical|exception|log)$"))'
    },
    "function_declaration": _js("(function_declaration) @x"),
    "function_expression": _js("(function_expression !name) @x"),
    "global_statement": {"python": "(global_statement) @x"},
    "go_statement": {"go": "(go_statement) @x"},
    "goto": dict.fromkeys(("c", "cpp", "go"), "(goto_statement) @x"),
    "implicit_optional": {
        "python": "((typed_default_parameter type: (type) @t value: (none)) @x"
        ' (#match? @t "^(str|int|float|bool|bytes|list|dict|set|tuple|List|Dict|Set|Tuple)([^|A-Za-z0-9_][^|]*)?$"))'
    },
    "import_with_extension": _js(
        '((import_statement source: (string (string_fragment) @x)) (#match? @x "^[.].*[.](ts|tsx|js|jsx|mjs|cjs)$"))'
    ),
    "import_without_extension": _js(
        '((import_statement source: (string (string_fragment) @x)) (#match? @x "^[.]")'
        ' (#not-match? @x "[.][a-z0-9]+([?].*)?$"))'
    ),
    "inline_style": dict.fromkeys(
        ("javascript", "javascriptreact", "typescriptreact"),
        '((jsx_attribute (property_identifier) @n (jsx_expression (object))) @x (#eq? @n "style"))',
    ),
    "interface_declaration": _ts("(interface_declaration) @x"),
    "lambda_assignment": {"python": "(assignment right: (lambda)) @x"},
    "local_import": {
        "python": "(function_definition body: (block [(import_statement) (import_from_statement)] @x))",
        "rust": "(function_item body: (block (use_declaration) @x))",
    },
    "loose_equality": _js('(binary_expression operator: ["==" "!="]) @x'),
    "missing_braces": {
        **_js(
            f"(if_statement consequence: {_BODIES}) (else_clause {_BODIES}) (for_statement body: {_BODIES})"
            f" (for_in_statement body: {_BODIES}) (while_statement body: {_BODIES})"
        ),
        **dict.fromkeys(
            ("c", "cpp"),
            f"(if_statement consequence: {_BODIES.replace('(throw_statement) ', '')})"
            f" (else_clause {_BODIES.replace('(throw_statement) ', '')})",
        ),
        "java": f"(if_statement consequence: {_BODIES}) (if_statement alternative: {_BODIES})"
        f" (for_statement body: {_BODIES}) (while_statement body: {_BODIES})",
    },
    "missing_return_type": _ts(
        "(function_declaration !return_type name: (identifier) @x) (method_definition !return_type"
        ' name: (property_identifier) @x (#not-eq? @x "constructor"))'
        " (export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @x"
        " value: (arrow_function !return_type))))"
    ),
    "missing_trailing_comma": _js(" ".join(f"(({kind}) @x {_NO_COMMA})" for kind in ("object", "array"))),
    "missing_semicolon": _js(_statements(_ENDS)),
    "mutable_default": {
        "python": "(default_parameter value: [(list) (dictionary) (set)]) @x"
        " (typed_default_parameter value: [(list) (dictionary) (set)]) @x"
    },
    "namespace_declaration": _ts("(internal_module) @x"),
    "namespace_import": _js("(namespace_import) @x"),
    "nested_ternary": {
        **_js("(ternary_expression (ternary_expression) @x)"),
        "python": "(conditional_expression (conditional_expression) @x)",
    },
    "non_null_assertion": _ts("(non_null_expression) @x"),
    "null_literal": _js("(null) @x"),
    "percent_format": {"python": '(binary_operator left: (string) operator: "%") @x'},
    "reexport": _js("(export_statement source: (string)) @x"),
    "relative_import": {
        "python": "(relative_import) @x",
        **_js('((import_statement source: (string (string_fragment) @x)) (#match? @x "^[.]"))'),
    },
    "parent_import": _js('((import_statement source: (string (string_fragment) @x)) (#match? @x "^[.][.]/"))'),
    "semicolon": _js(_statements('(#match? @x ";$")')),
    "single_quotes": _js('((string) @x (#match? @x "^\'")) ((string) @skip (#match? @skip "[\\"]"))'),
    "string_concatenation": _js(
        f'(binary_expression left: (string) operator: "+" right: {_NOT_TEXT}) @x'
        f' (binary_expression left: {_NOT_TEXT} operator: "+" right: (string)) @x'
    ),
    "switch_statement": _js("(switch_statement) @x"),
    "test_class": {"python": '((class_definition name: (identifier) @n) @x (#match? @n "^Test"))'},
    "try_statement": {**_js("(try_statement) @x"), "python": "(try_statement) @x", "java": "(try_statement) @x"},
    "unprefixed_builtin": _js(
        f'((import_statement source: (string (string_fragment) @x)) (#match? @x "^({_BUILTINS})(/[a-z_/]+)?$"))'
    ),
    "type_alias_object": _ts("(type_alias_declaration value: (object_type)) @x"),
    "type_cast": {"typescript": f"{_CASTS} (type_assertion) @x", "typescriptreact": _CASTS},
    "unsafe_block": {"rust": "(unsafe_block) @x"},
    "var_declaration": {
        **_js('(variable_declaration "var") @x'),
        **_ts(
            '(variable_declaration "var") @x (ambient_declaration (variable_declaration) @skip)'
            " (ambient_declaration (statement_block (variable_declaration) @skip))"
        ),
    },
    "while_true": {
        "python": "(while_statement condition: (true)) @x",
        **_js("(while_statement condition: (parenthesized_expression (true))) @x"),
    },
    "wildcard_export": _js('(export_statement "*") @x'),
    "wildcard_import": {
        "python": "(wildcard_import) @x",
        "java": "(import_declaration (asterisk)) @x",
        "rust": "(use_wildcard) @x",
        **_js("(namespace_import) @x"),
    },
}
"""By name, then by language."""
