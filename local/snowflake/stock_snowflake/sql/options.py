"""`NAME = value` lists as Snowflake writes them in COPY and ALTER SESSION, read from sqlglot's tokens."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokens import Token, TokenType

from stock_snowflake.errors import SnowflakeError, syntax_error

Value = str | bool | int | float | list[str] | dict[str, "Value"]


class Cursor:
    """A position in a statement's tokens. Methods that read raise SnowflakeError 001003 for wrong text."""

    def __init__(self, tokens: Sequence[Token], start: int = 0) -> None:
        self._tokens = tokens
        self._index = start

    @property
    def at_end(self) -> bool:
        return self._index >= len(self._tokens)

    def peek(self) -> Token | None:
        return None if self.at_end else self._tokens[self._index]

    def follows(self, *kinds: TokenType) -> bool:
        """Whether the token after the next one is of one of the kinds."""
        after = self._tokens[self._index + 1 : self._index + 2]
        return any(token.token_type in kinds for token in after)

    def next(self) -> Token:
        if self.at_end:
            raise syntax_error("syntax error: unexpected end of statement.")
        token = self._tokens[self._index]
        self._index += 1
        return token

    def accept(self, kind: TokenType) -> bool:
        token = self.peek()
        if token is None or token.token_type is not kind:
            return False
        self._index += 1
        return True

    def expect(self, kind: TokenType) -> Token:
        token = self.next()
        if token.token_type is not kind:
            raise unexpected(token)
        return token

    def word(self) -> str:
        """An option's name, in upper case."""
        token = self.next()
        if (
            token.token_type in (TokenType.STRING, TokenType.NUMBER)
            or not token.text.replace("_", "").replace("$", "").isalnum()
        ):
            raise unexpected(token)
        return token.text.upper()

    def name(self) -> list[str]:
        """A dotted object name as stored parts."""
        parts = [self._identifier()]
        while self.accept(TokenType.DOT):
            parts.append(self._identifier())
        return parts

    def skip_to(self, offset: int) -> None:
        """Go past every token that starts before this character of the statement."""
        while not self.at_end and self._tokens[self._index].start < offset:
            self._index += 1

    def _identifier(self) -> str:
        token = self.next()
        if token.token_type is TokenType.IDENTIFIER:
            return token.text
        if token.token_type is TokenType.STRING or not token.text.replace("_", "").replace("$", "").isalnum():
            raise unexpected(token)
        return token.text.upper()


def unexpected(token: Token) -> SnowflakeError:
    return syntax_error(f"syntax error line {token.line} at position {token.col} unexpected '{token.text}'.")


def read_options(cursor: Cursor) -> dict[str, Value]:
    """`NAME = value` pairs up to the end or a closing parenthesis, with or without commas between them."""
    options: dict[str, Value] = {}
    while not cursor.at_end:
        token = cursor.peek()
        if token is not None and token.token_type is TokenType.R_PAREN:
            break
        name, value = read_option(cursor)
        if name in options:
            raise syntax_error(f"duplicate property '{name}'.")
        options[name] = value
    return options


def read_option(cursor: Cursor) -> tuple[str, Value]:
    """One `NAME = value`, and the comma after it."""
    name = cursor.word()
    cursor.expect(TokenType.EQ)
    value = _value(cursor)
    cursor.accept(TokenType.COMMA)
    return name, value


def _value(cursor: Cursor) -> Value:
    if cursor.accept(TokenType.L_PAREN):
        return _group(cursor)
    token = cursor.peek()
    if token is not None and token.token_type is TokenType.STRING:
        return cursor.next().text
    if token is not None and token.token_type is TokenType.NUMBER:
        text = cursor.next().text
        return float(text) if "." in text else int(text)
    name = ".".join(cursor.name())
    return {"TRUE": True, "FALSE": False}.get(name, name)


def _group(cursor: Cursor) -> Value:
    """The inside of parentheses: a list of strings, of names, or further options."""
    token = cursor.peek()
    if token is not None and token.token_type is TokenType.STRING:
        values = [cursor.expect(TokenType.STRING).text]
        while cursor.accept(TokenType.COMMA):
            values.append(cursor.expect(TokenType.STRING).text)
        cursor.expect(TokenType.R_PAREN)
        return values
    if cursor.follows(TokenType.COMMA, TokenType.R_PAREN):
        names = [".".join(cursor.name())]
        while cursor.accept(TokenType.COMMA):
            names.append(".".join(cursor.name()))
        cursor.expect(TokenType.R_PAREN)
        return names
    options = read_options(cursor)
    cursor.expect(TokenType.R_PAREN)
    return options
