"""The engine process: runs the steps in order, again and again, and outlives every one of their failures."""
