"""Values on the wire: bound values that come in, columns and results that go out."""
