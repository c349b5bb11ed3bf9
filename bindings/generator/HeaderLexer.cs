using System.Text;

namespace TrtVocoder.Bindings.Generator;

/// <summary>What a token is.</summary>
public enum TokenKind
{
    Identifier,
    Number,
    Punctuation,

    /// <summary>A documentation comment that belongs to what follows.</summary>
    DocBefore,

    /// <summary>A documentation comment (<c>/**&lt;</c>) that belongs to what came before.</summary>
    DocAfter,

    /// <summary>An object-like <c>#define</c>; the text is its name, <see cref="Token.Value"/> the rest.</summary>
    Define,

    End,
}

/// <summary>A token and the line it stands on.</summary>
public sealed record Token(TokenKind Kind, string Text, int Line, string Value = "");

/// <summary>
/// Splits a C header into tokens. Of the preprocessor it knows what interface headers use: guards, includes, C++ branches
/// (left out) and object-like macros.
/// </summary>
public sealed class HeaderLexer(string text)
{
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;

    /// <summary>The first comment of the file, if it is no documentation comment and comes before everything else.</summary>
    public string FileComment { get; private set; } = "";

    /// <summary>All tokens, the last one <see cref="TokenKind.End"/>.</summary>
    /// <exception cref="HeaderException">A comment does not end, or a character has no place in a header.</exception>
    public IReadOnlyList<Token> Lex()
    {
        while (_position < text.Length)
        {
            char c = text[_position];
            if (char.IsWhiteSpace(c))
                Advance(1);
            else if (At("/*"))
                BlockComment();
            else if (At("//"))
                LineComment();
            else if (c == '#')
                Directive();
            else if (char.IsAsciiLetter(c) || c == '_')
                _tokens.Add(new Token(TokenKind.Identifier, TakeWhile(ch => char.IsAsciiLetterOrDigit(ch) || ch == '_'), _line));
            else if (char.IsAsciiDigit(c))
                _tokens.Add(new Token(TokenKind.Number, TakeWhile(char.IsAsciiLetterOrDigit), _line));
            else if (At("<<") || At(">>"))
                _tokens.Add(new Token(TokenKind.Punctuation, Take(2), _line));
            else if ("(){}[];,*=-+|&~<>:".Contains(c))
                _tokens.Add(new Token(TokenKind.Punctuation, Take(1), _line));
            else if (c == '"')
                StringLiteral();
            else
                throw new HeaderException(_line, $"unexpected character '{c}'");
        }
        _tokens.Add(new Token(TokenKind.End, "", _line));
        return _tokens;
    }

    private bool At(string expected) => string.CompareOrdinal(text, _position, expected, 0, expected.Length) == 0;

    private string Take(int count)
    {
        string taken = text.Substring(_position, count);
        Advance(count);
        return taken;
    }

    private string TakeWhile(Func<char, bool> condition)
    {
        int start = _position;
        while (_position < text.Length && condition(text[_position]))
            Advance(1);
        return text[start.._position];
    }

    private void Advance(int count)
    {
        for (; count > 0; count--)
            if (text[_position++] == '\n')
                _line++;
    }

    // Strings occur in `extern "C"` only.
    private void StringLiteral()
    {
        int end = text.IndexOf('"', _position + 1);
        if (end < 0)
            throw new HeaderException(_line, "a string does not end");
        Advance(end + 1 - _position);
    }

    private void BlockComment()
    {
        int line = _line;
        int end = text.IndexOf("*/", _position + 2, StringComparison.Ordinal);
        if (end < 0)
            throw new HeaderException(line, "a comment does not end");
        bool isDoc = At("/**") && !At("/**/");
        bool isAfter = At("/**<");
        string body = text[(_position + 2)..end];
        Advance(end + 2 - _position);
        StringBuilder clean = new();
        foreach (string raw in body.Split('\n'))
            clean.Append(raw.Trim().TrimStart('*').TrimStart('<').Trim()).Append('\n');
        string comment = clean.ToString().Trim();
        if (_tokens.Count == 0 && FileComment.Length == 0 && !isDoc)
            FileComment = comment;
        else if (isDoc)
            _tokens.Add(new Token(isAfter ? TokenKind.DocAfter : TokenKind.DocBefore, comment, line));
    }

    private void LineComment()
    {
        int line = _line;
        string comment = TakeWhile(ch => ch != '\n');
        if (comment.StartsWith("///<", StringComparison.Ordinal))
            _tokens.Add(new Token(TokenKind.DocAfter, comment[4..].Trim(), line));
        else if (comment.StartsWith("///", StringComparison.Ordinal))
            _tokens.Add(new Token(TokenKind.DocBefore, comment[3..].Trim(), line));
    }

    private void Directive()
    {
        int line = _line;
        string directive = DirectiveText();
        string[] words = directive[1..].Trim().Split([' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries);
        switch (words.Length > 0 ? words[0] : "")
        {
            case "define" when words.Length > 1:
                _tokens.Add(new Token(TokenKind.Define, words[1], line, words.Length > 2 ? words[2] : ""));
                break;
            case "ifdef" or "if" when directive.Contains("__cplusplus", StringComparison.Ordinal):
                SkipBranch(line);
                break;
        }
    }

    // A directive with its continuation lines, without comments.
    private string DirectiveText()
    {
        StringBuilder directive = new();
        while (true)
        {
            string part = TakeWhile(ch => ch != '\n' && !At("/*") && !At("//"));
            directive.Append(part);
            if (!part.EndsWith('\\') || _position >= text.Length)
                return directive.ToString();
            directive.Length--;
            Advance(1);
        }
    }

    // From a C++ branch to its #else or #endif.
    private void SkipBranch(int line)
    {
        int depth = 0;
        while (_position < text.Length)
        {
            string current = TakeWhile(ch => ch != '\n').Trim();
            if (_position < text.Length)
                Advance(1);
            if (current.StartsWith("#if", StringComparison.Ordinal))
                depth++;
            else if (current.StartsWith("#endif", StringComparison.Ordinal) && depth-- == 0)
                return;
            else if (current.StartsWith("#else", StringComparison.Ordinal) && depth == 0)
                return;
        }
        throw new HeaderException(line, "#ifdef __cplusplus does not end");
    }
}
