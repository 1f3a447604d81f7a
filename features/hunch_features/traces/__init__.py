"""Interaction traces: an opt-in, private record of work in the editor, useful to the person who made it.

Nothing here knows LSP or the editor. Modules, in the order in which an event meets them:

- `events`, `levels`: the typed, versioned event model; each field says what the consent levels `metadata`,
  `structure` and `text` keep of it. `events.schema_table()` documents it, made from the types.
- `changes`, `bursts`, `derive`: `describe(document, edit)` before an edit is applied, then `Deriver.changed(…)` turns
  text changes into edit bursts (typed, pasted, accepted, …), undo, redo, view switches, caret moves and pauses.
- `persistence`: `PersistenceTracker` follows accepted text and tells what is left of it after 30 to 600 s.
- `consent`: `Consent(home)`; off until `turn_on(level, workspace)`; `forbid(workspace, …)` takes what `.hunch.toml`
  says; `should_ask` and `asked` see to it that the question is put once.
- `recorder`: `Recorder(home, consent).record(event)` takes an event from any thread in microseconds, drops it without
  consent, never raises. `record_fields` does so for the values of `hunch/event`. `delete(…)`, `status()`, `close()`.
- `exclusions`, `redaction`, `keyed`, `keeping`: secrets files and ignored files are never recorded; names are hashed
  with a key of this person; secrets, addresses and home folders are taken out of text. In the writer's thread.
- `writer`, `store`, `store_files`, `schema`, `migrations`: one thread, batches, one SQLite file shared by processes.
- `statistics`: `statistics(store, scope, zone)`, from hourly sums, in time that does not grow with the events.
- `labels`, `rubrics`, `compare`: acceptance, persistence, sessions, behavioural rubrics, fidelity of two traces.
- `export`, `importers`: JSONL and Parquet out; JSONL and public data sets in.

A secret that is typed with pauses lands in several bursts, and its parts may be too short to be recognised; secrets
that are pasted, or typed without a pause of two seconds, are seen whole.
"""
