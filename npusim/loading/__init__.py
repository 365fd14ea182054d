"""From an ONNX file to a static `Graph`, one step a file.

`structure` reads the file without its weights, `order` sorts the nodes, `walk` goes through them once,
inlining functions and control flow, and `builder` asks a shape rule (`shapes_*`) about each node, folds
what follows from constants and keeps the rest. `finish` drops dead nodes and gives outputs their names.
"""
