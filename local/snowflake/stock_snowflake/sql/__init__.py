"""SQL as text and as trees: names, options, kinds of statements, rewriting. Pure, without a database."""
