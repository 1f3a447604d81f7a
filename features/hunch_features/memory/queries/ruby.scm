(class name: (constant) @name) @class
(module name: (constant) @name) @module
(method name: (_) @name) @method
(singleton_method name: (_) @name) @method
(assignment left: (constant) @name) @constant
(call method: (identifier) @call)
((call method: (identifier) @_require arguments: (argument_list (string (string_content) @import))) (#match? @_require "^require(_relative)?$"))
