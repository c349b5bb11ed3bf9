using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace TrtVocoder.Export.Checkpoints;

/// <summary>What a pickle's names, calls and outside references mean.</summary>
internal interface IPickleObjects
{
    /// <summary>The thing that a dotted name stands for; refuses every name it does not know.</summary>
    object GetGlobal(string module, string name);

    /// <summary>
    /// What a call of a known thing costs, in the steps of <see cref="PickleReader.MaxSteps"/>: a recalled list could be copied again by
    /// each call.
    /// </summary>
    int GetCost(object? callable, object?[] arguments);

    /// <summary>What a known thing makes of its arguments. Nothing is ever run but our own code.</summary>
    object Reduce(object? callable, object?[] arguments);

    /// <summary>The thing that lies outside the pickle.</summary>
    object GetPersistent(object? id);
}

/// <summary>
/// Reads Python pickles of protocol 2 to 5 as far as tensors need them (the opcodes are those of Python's pickletools).
/// Numbers are long, <see cref="BigInteger"/> or double; tuples are <c>object?[]</c>, lists <see cref="List{T}"/>, dicts
/// <see cref="PickleDictionary"/>.
/// </summary>
/// <remarks>
/// It is a loop without recursion, every length is checked against the bytes left, and the number of steps is bounded: opcodes, and what
/// calls make of their arguments. No step takes more than some 120 bytes of memory beyond what it reads, so <see cref="MaxSteps"/> bounds
/// that, too.
/// </remarks>
internal sealed class PickleReader(byte[] data, int start, IPickleObjects objects, string source)
{
    /// <summary>A checkpoint of a thousand tensors takes some 60,000.</summary>
    public const int MaxSteps = 500_000;

    private const int MaxNameLength = 256;
    private const int MaxIntegerBytes = 255;

    private readonly Dictionary<long, object?> _memo = [];
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private int _stepCount;

    /// <summary>Where the next pickle starts.</summary>
    public int Position { get; private set; } = start;

    /// <summary>Reads one pickle.</summary>
    /// <exception cref="DataFormatException">It is damaged, too large, or asks for what no tensor needs.</exception>
    public object? Load()
    {
        _memo.Clear();
        _stack.Clear();
        _marks.Clear();
        while (true)
        {
            Spend(1);
            byte opcode = Take(1)[0];
            if (opcode == (byte)'.')
                return Pop();
            Execute(opcode);
        }
    }

    private void Execute(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: CheckProtocol(Take(1)[0]); break;
            case 0x95: Take(8); break; // FRAME: a hint for buffered reading

            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case (byte)'K': Push((long)Take(1)[0]); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 0x8a: PushInteger(Take(1)[0]); break;
            case 0x8b: PushInteger(TakeLength(4)); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;

            case (byte)'X': Push(TakeText(TakeLength(4))); break;
            case 0x8c: Push(TakeText(TakeLength(1))); break;
            case 0x8d: Push(TakeText(TakeLength(8))); break;
            case (byte)'U': Push(TakeText(TakeLength(1))); break; // Python 2's str: names in old checkpoints
            case (byte)'T': Push(TakeText(TakeLength(4))); break;
            case (byte)'B': Push(Take(TakeLength(4)).ToArray()); break;
            case (byte)'C': Push(Take(TakeLength(1)).ToArray()); break;
            case 0x8e: Push(Take(TakeLength(8)).ToArray()); break;

            case (byte)'(': _marks.Add(_stack.Count); break;
            case (byte)'0': Pop(); break;
            case (byte)'1': PopToMark(); break;
            case (byte)'2': Push(Peek()); break;

            case (byte)')': Push(Array.Empty<object?>()); break;
            case (byte)'t': Push(PopToMark()); break;
            case 0x85: PushTuple(1); break;
            case 0x86: PushTuple(2); break;
            case 0x87: PushTuple(3); break;
            case (byte)']': Push(new List<object?>()); break;
            case (byte)'l': Push(PopToMark().ToList()); break;
            case (byte)'a': AppendTo([Pop()]); break;
            case (byte)'e': AppendTo(PopToMark()); break;
            case (byte)'}': Push(new PickleDictionary()); break;
            case (byte)'d': PushDictionary(PopToMark()); break;
            case (byte)'s': SetItem(); break;
            case (byte)'u': SetItems(PopToMark()); break;

            case (byte)'q': _memo[Take(1)[0]] = Peek(); break;
            case (byte)'r': _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek(); break;
            case 0x94: _memo[_memo.Count] = Peek(); break;
            case (byte)'h': PushMemo(Take(1)[0]); break;
            case (byte)'j': PushMemo(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;

            case (byte)'c': Push(objects.GetGlobal(TakeLine(), TakeLine())); break;
            case 0x93: PushStackGlobal(); break;
            case (byte)'R': Reduce(); break;
            case 0x81: Reduce(); break; // NEWOBJ: a class in place of a function
            case 0x92: Pop(); Reduce(); break; // NEWOBJ_EX: and arguments by name
            case 0x8f: Push(new List<object?>()); break; // sets are lists here
            case 0x90: AppendTo(PopToMark()); break;
            case 0x91: Push(PopToMark().ToList()); break;
            case (byte)'b': Build(); break;
            case (byte)'Q': Push(objects.GetPersistent(Pop())); break;
            case (byte)'i': throw TorchObjects.Refuse(source, TakeLine(), TakeLine());
            default: throw Damaged(FormattableString.Invariant($"its opcode 0x{opcode:x2} is none that tensors need"));
        }
    }

    private void CheckProtocol(byte protocol)
    {
        if (protocol is < 2 or > 5)
            throw Damaged(FormattableString.Invariant($"its protocol is {protocol}, expected 2 to 5"));
    }

    private void PushInteger(int length)
    {
        if (length > MaxIntegerBytes)
            throw Damaged("it holds an integer of absurd length");
        BigInteger value = new(Take(length));
        // Without the cast to object both would become a BigInteger.
        Push(value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value);
    }

    private void PushTuple(int count)
    {
        object?[] items = new object?[count];
        for (int i = count - 1; i >= 0; i--)
            items[i] = Pop();
        Push(items);
    }

    private void PushMemo(long index) =>
        Push(_memo.TryGetValue(index, out object? value) ? value : throw Damaged("it recalls what it never kept"));

    private void PushStackGlobal()
    {
        if (Pop() is not string name || Pop() is not string module || name.Length > MaxNameLength || module.Length > MaxNameLength)
            throw Damaged("a name in it is no text");
        Push(objects.GetGlobal(module, name));
    }

    private void PushDictionary(object?[] items)
    {
        Push(new PickleDictionary());
        SetItems(items);
    }

    private void AppendTo(object?[] items)
    {
        if (Peek() is not List<object?> list)
            throw Damaged("it appends to what is no list");
        list.AddRange(items);
    }

    private void SetItem()
    {
        object? value = Pop();
        SetItems([Pop(), value]);
    }

    private void SetItems(object?[] items)
    {
        if (Peek() is not PickleDictionary dictionary || items.Length % 2 != 0)
            throw Damaged("it sets items of what is no dict");
        for (int i = 0; i < items.Length; i += 2)
            dictionary.Set(items[i], items[i + 1]);
    }

    private void Reduce()
    {
        if (Pop() is not object?[] arguments)
            throw Damaged("a call in it has no arguments");
        object? callable = Pop();
        Spend(objects.GetCost(callable, arguments));
        Push(objects.Reduce(callable, arguments));
    }

    private void Spend(int steps)
    {
        _stepCount += steps;
        if (_stepCount > MaxSteps)
            throw Damaged($"it takes more than {MaxSteps} steps");
    }

    private void Build()
    {
        // Python puts attributes on the object here: a state dict carries its module versions this way. Nothing needs them.
        Pop();
        if (Peek() is not PickleDictionary)
            throw Damaged("it changes an object that is no dict");
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object? Peek()
    {
        // What lies below the last mark belongs to a collection not yet begun.
        int floor = _marks.Count == 0 ? 0 : _marks[^1];
        return _stack.Count > floor ? _stack[^1] : throw Damaged("it takes from an empty stack");
    }

    private object?[] PopToMark()
    {
        if (_marks.Count == 0)
            throw Damaged("it ends a collection that it never began");
        int mark = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        object?[] items = _stack[mark..].ToArray();
        _stack.RemoveRange(mark, items.Length);
        return items;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > data.Length - Position)
            throw Damaged("it ends in the middle");
        ReadOnlySpan<byte> bytes = data.AsSpan(Position, count);
        Position += count;
        return bytes;
    }

    private int TakeLength(int bytes)
    {
        ReadOnlySpan<byte> field = Take(bytes);
        ulong length = 0;
        for (int i = bytes - 1; i >= 0; i--)
            length = (length << 8) | field[i];
        return length <= (ulong)(data.Length - Position) ? (int)length : throw Damaged("a length in it exceeds the file");
    }

    private string TakeText(int length) => Encoding.UTF8.GetString(Take(length));

    private string TakeLine()
    {
        // No further than a name can be: thousands of them would each search the whole file.
        int length = data.AsSpan(Position, Math.Min(MaxNameLength + 1, data.Length - Position)).IndexOf((byte)'\n');
        if (length < 0)
            throw Damaged("a name in it does not end");
        string line = Encoding.UTF8.GetString(Take(length));
        Take(1);
        return line;
    }

    private DataFormatException Damaged(string what) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{source} is damaged or no checkpoint: {what} (byte {Position} of its pickle)."));
}
