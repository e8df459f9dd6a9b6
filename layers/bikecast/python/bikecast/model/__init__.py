"""Models as they are served: an ONNX graph, post-processing, and the fallback."""
