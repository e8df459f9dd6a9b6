"""A model as it is served: an ONNX graph, what is done after it, and what answers when no model can."""
