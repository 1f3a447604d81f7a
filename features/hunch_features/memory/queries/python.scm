(class_definition name: (identifier) @name) @class
(function_definition name: (identifier) @name) @function
(module (expression_statement (assignment left: (identifier) @name) @constant))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @field)))
(import_statement name: (dotted_name) @import)
(import_statement name: (aliased_import name: (dotted_name) @import))
(import_from_statement module_name: (_) @import)
(call function: [(identifier) @call (attribute attribute: (identifier) @call)])
((assignment left: (attribute object: (identifier) @_self attribute: (identifier) @name)) @attribute (#eq? @_self "self"))
