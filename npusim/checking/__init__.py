"""Will it compile? What Intel's compiler refuses in a graph, by rules that its own answers taught."""
