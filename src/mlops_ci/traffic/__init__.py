"""Who gets how much: the engines that move traffic between versions."""
