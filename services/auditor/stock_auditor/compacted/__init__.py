"""The messages of a compacted topic, key by key, and a command that forgets one."""
