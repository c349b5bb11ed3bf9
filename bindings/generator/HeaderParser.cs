using System.Globalization;

namespace TrtVocoder.Bindings.Generator;

/// <summary>
/// Reads the part of C that interface headers are made of: integer macros, enums, structs, handles, function types and function
/// declarations. Anything else is refused by line: a binding that is guessed is worse than none.
/// </summary>
public sealed class HeaderParser
{
    private static readonly HashSet<string> Qualifiers = ["const", "volatile", "restrict", "struct", "enum", "extern", "static"];

    private readonly HeaderModel _model = new();
    private readonly HashSet<string> _ignoredMacros = [];
    private readonly HashSet<string> _typedefs = [];
    private readonly Dictionary<string, long> _values = [];
    private readonly IReadOnlyList<Token> _tokens;
    private int _position;
    private string _doc = "";

    private HeaderParser(string text)
    {
        HeaderLexer lexer = new(text);
        _tokens = lexer.Lex();
        _model.Comment = lexer.FileComment;
    }

    /// <summary>Parses a header's text.</summary>
    /// <exception cref="HeaderException">It holds something outside the subset.</exception>
    public static HeaderModel Parse(string text)
    {
        HeaderParser parser = new(text);
        parser.ParseAll();
        return parser._model;
    }

    private Token Current => _tokens[_position];

    private void ParseAll()
    {
        while (true)
        {
            switch (Current.Kind)
            {
                case TokenKind.End:
                    return;
                case TokenKind.DocBefore:
                    _doc = Current.Text;
                    _position++;
                    break;
                case TokenKind.DocAfter:
                    _position++;
                    break;
                case TokenKind.Define:
                    Define(Current);
                    break;
                default:
                    Declaration();
                    break;
            }
        }
    }

    private void Define(Token token)
    {
        _position++;
        // A macro with no value is a guard or an annotation; one with a value that is no integer is an attribute.
        if (!token.Text.Contains('(') && TryEvaluate(token.Value, out long value))
        {
            _values[token.Text] = value;
            _model.Constants.Add(new CConstant(token.Text, value, TakeDoc()));
        }
        else
        {
            _ignoredMacros.Add(token.Text.Split('(')[0]);
            _doc = "";
        }
    }

    private void Declaration()
    {
        SkipIgnored();
        if (Accept(";"))
            return;
        if (Accept("typedef"))
            Typedef();
        else if ((Is("struct") || Is("enum")) && _tokens[_position + 1].Kind == TokenKind.Identifier && IsAt(2, "{", ";"))
            Tagged(isTypedef: false);
        else
            Function();
    }

    private void Typedef()
    {
        if ((Is("struct") || Is("enum")) && (IsAt(1, "{") || IsAt(2, "{")))
        {
            Tagged(isTypedef: true);
            return;
        }
        bool isStruct = Is("struct");
        string doc = TakeDoc();
        CType type = Type();
        if (Is("("))
        {
            (string pointerName, CType pointer) = FunctionPointer(type, doc);
            _model.Aliases[pointerName] = pointer;
        }
        else
        {
            string name = Identifier();
            if (isStruct)
                _model.OpaqueStructs.Add(type.Name);
            if (type.Name == name)
                _typedefs.Add(name);
            if (type.Name != name || type.Pointers > 0)
                _model.Aliases[name] = type;
        }
        Expect(";");
    }

    // struct or enum with a body, or `struct name;`.
    private void Tagged(bool isTypedef)
    {
        bool isEnum = Accept("enum");
        if (!isEnum)
            Expect("struct");
        string tag = Current.Kind == TokenKind.Identifier ? Identifier() : "";
        string doc = TakeDoc();
        if (!isTypedef && Accept(";"))
        {
            _model.OpaqueStructs.Add(tag);
            return;
        }
        Expect("{");
        IReadOnlyList<CConstant> values = isEnum ? EnumValues() : [];
        IReadOnlyList<CField> fields = isEnum ? [] : Fields();
        SkipIgnored();
        string name = isTypedef ? Identifier() : tag;
        Expect(";");
        if (isTypedef && tag.Length > 0 && tag != name)
            _model.Aliases[tag] = new CType(name, 0, name);
        if (!isTypedef && !_typedefs.Contains(name))
            _model.TagOnly.Add(name);
        _model.OpaqueStructs.Remove(name);
        if (isEnum)
            _model.Enums.Add(new CEnum(name, values, doc));
        else
            _model.Structs.Add(new CStruct(name, fields, doc));
    }

    private List<CConstant> EnumValues()
    {
        List<CConstant> values = [];
        long next = 0;
        while (!Accept("}"))
        {
            string doc = DocBefore();
            string name = Identifier();
            long value = Accept("=") ? Expression() : next;
            bool more = Accept(",");
            doc = DocAfter(doc);
            values.Add(new CConstant(name, value, doc));
            _values[name] = value;
            next = value + 1;
            if (!more)
            {
                Expect("}");
                break;
            }
        }
        return values;
    }

    private List<CField> Fields()
    {
        List<CField> fields = [];
        while (!Accept("}"))
        {
            string doc = DocBefore();
            if (Accept("}"))
                break;
            (string name, CType type) = Declarator(doc);
            if (Accept("["))
            {
                long length = Expression();
                Expect("]");
                type = type with { ArrayLength = checked((int)length) };
            }
            Expect(";");
            fields.Add(new CField(name, type, DocAfter(doc)));
        }
        return fields;
    }

    private void Function()
    {
        string doc = TakeDoc();
        CType result = Type();
        string name = Identifier();
        Expect("(");
        List<CField> parameters = Parameters();
        SkipIgnored();
        Expect(";");
        _model.Functions.Add(new CFunction(name, result, parameters, doc));
    }

    private List<CField> Parameters()
    {
        List<CField> parameters = [];
        if (Is("void") && IsAt(1, ")"))
            _position++;
        while (!Accept(")"))
        {
            (string name, CType type) = Declarator("");
            if (Accept("["))
            {
                // An array parameter is a pointer.
                if (!Is("]"))
                    Expression();
                Expect("]");
                type = type with { Pointers = type.Pointers + 1, Spelling = type.Spelling + "*" };
            }
            parameters.Add(new CField(name.Length > 0 ? name : "argument" + parameters.Count, type, ""));
            if (!Is(")"))
                Expect(",");
        }
        return parameters;
    }

    private (string Name, CType Type) Declarator(string doc)
    {
        CType type = Type();
        if (Is("("))
            return FunctionPointer(type, doc);
        return (Current.Kind == TokenKind.Identifier ? Identifier() : "", type);
    }

    // After the result type: (*name)(parameters).
    private (string Name, CType Type) FunctionPointer(CType result, string doc)
    {
        Expect("(");
        SkipIgnored();
        Expect("*");
        string name = Identifier();
        Expect(")");
        Expect("(");
        List<CField> parameters = Parameters();
        SkipIgnored();
        string list = parameters.Count == 0 ? "void" : string.Join(", ", parameters.Select(parameter => parameter.Type.Spelling));
        CType type = new("", 0, $"{result.Spelling} (*)({list})") { Pointee = new CFunction(name, result, parameters, doc) };
        return (name, type);
    }

    private CType Type()
    {
        List<string> spelling = [];
        string name = "";
        int pointers = 0;
        while (true)
        {
            SkipIgnored();
            if (Current.Kind == TokenKind.Identifier && Qualifiers.Contains(Current.Text))
            {
                if (Current.Text is not ("extern" or "static"))
                    spelling.Add(Current.Text);
                _position++;
            }
            else if (Current.Kind == TokenKind.Identifier && pointers == 0 && (name.Length == 0 || (IsMultiWord(name) && IsMultiWord(Current.Text))))
            {
                name = name.Length == 0 ? Current.Text : name + " " + Current.Text;
                spelling.Add(Current.Text);
                _position++;
            }
            else if (name.Length > 0 && Accept("*"))
            {
                pointers++;
                spelling.Add("*");
            }
            else if (name.Length == 0)
            {
                throw Unexpected("a type");
            }
            else
            {
                return new CType(name, pointers, string.Join(' ', spelling));
            }
        }
    }

    private static bool IsMultiWord(string name) => name.Split(' ')[^1] is "unsigned" or "signed" or "long" or "short" or "int" or "char";

    private string DocBefore()
    {
        string doc = "";
        SkipIgnored();
        for (; Current.Kind == TokenKind.DocBefore; _position++)
            doc = Current.Text;
        SkipIgnored();
        return doc;
    }

    private string DocAfter(string doc)
    {
        for (; Current.Kind == TokenKind.DocAfter; _position++)
            doc = Current.Text;
        return doc;
    }

    private string TakeDoc()
    {
        string doc = _doc;
        _doc = "";
        return doc;
    }

    private bool TryEvaluate(string text, out long value)
    {
        value = 0;
        if (text.Length == 0)
            return false;
        HeaderParser parser;
        try
        {
            parser = new HeaderParser(text);
            foreach ((string name, long known) in _values)
                parser._values[name] = known;
            value = parser.Expression();
        }
        catch (HeaderException)
        {
            return false;
        }
        return parser.Current.Kind == TokenKind.End;
    }

    // | binds loosest, then << and >>, then + and -.
    private long Expression()
    {
        long value = Shift();
        while (Accept("|"))
            value |= Shift();
        return value;
    }

    private long Shift()
    {
        long value = Sum();
        while (true)
        {
            if (Accept("<<"))
                value <<= (int)Sum();
            else if (Accept(">>"))
                value >>= (int)Sum();
            else
                return value;
        }
    }

    private long Sum()
    {
        long value = Unary();
        while (true)
        {
            if (Accept("+"))
                value += Unary();
            else if (Accept("-"))
                value -= Unary();
            else
                return value;
        }
    }

    private long Unary()
    {
        if (Accept("-"))
            return -Unary();
        if (Accept("~"))
            return ~Unary();
        if (Accept("("))
        {
            long inner = Expression();
            Expect(")");
            return inner;
        }
        Token token = Current;
        _position++;
        if (token.Kind == TokenKind.Identifier && _values.TryGetValue(token.Text, out long known))
            return known;
        if (token.Kind == TokenKind.Number)
        {
            string digits = token.Text.TrimEnd('u', 'U', 'l', 'L');
            bool isHex = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
            if (isHex
                ? long.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long number)
                : long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number))
                return number;
        }
        _position--;
        throw Unexpected("an integer");
    }

    // Annotation macros, with their arguments if they have any.
    private void SkipIgnored()
    {
        while (Current.Kind == TokenKind.Identifier && _ignoredMacros.Contains(Current.Text))
        {
            _position++;
            if (!Is("(") || IsAt(1, "*"))
                continue;
            int depth = 0;
            do
                depth += Is("(") ? 1 : Is(")") ? -1 : 0;
            while (_tokens[_position++].Kind != TokenKind.End && depth > 0);
        }
    }

    private bool Is(string text) => IsAt(0, text);

    private bool IsAt(int ahead, params ReadOnlySpan<string> texts)
    {
        if (_position + ahead >= _tokens.Count)
            return false;
        Token token = _tokens[_position + ahead];
        return token.Kind is TokenKind.Identifier or TokenKind.Punctuation && texts.Contains(token.Text);
    }

    private bool Accept(string text)
    {
        if (!Is(text))
            return false;
        _position++;
        return true;
    }

    private void Expect(string text)
    {
        if (!Accept(text))
            throw Unexpected($"'{text}'");
    }

    private string Identifier()
    {
        if (Current.Kind != TokenKind.Identifier)
            throw Unexpected("a name");
        return _tokens[_position++].Text;
    }

    private HeaderException Unexpected(string expected) =>
        new(Current.Line, $"expected {expected}, found {(Current.Kind == TokenKind.End ? "the end of the file" : $"'{Current.Text}'")}");
}
