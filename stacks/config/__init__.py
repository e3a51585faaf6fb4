"""The fleet's configuration: what `config/*.yaml` may say, read with every problem at once, compiled per capability."""
