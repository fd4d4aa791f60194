"""The sources of quotes. Only `registry` names one."""
