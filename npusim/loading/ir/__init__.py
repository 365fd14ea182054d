"""From an OpenVINO IR file to ONNX's messages, which the rest of `npusim.loading` reads.

```
file.xml ─ reader ─► Net of Layers ─ translator, ops_* ─► ModelProto, weights left in file.bin ─ npusim.loading ─► Graph
```

An IR layer becomes the nodes that ONNX has for it, so shape rules, folding and costs are those of ONNX files and an
answer does not depend on the form in which a model comes.
"""
