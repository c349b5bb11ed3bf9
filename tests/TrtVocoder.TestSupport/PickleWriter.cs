using System.Buffers.Binary;
using System.Text;

namespace TrtVocoder.TestSupport;

/// <summary>Emits opcodes as Python's pickle does for protocol 2: everything but numbers is kept in the memo, and recalled when it comes again.</summary>
internal sealed class PickleWriter
{
    private readonly List<byte> _bytes = [];
    private readonly Dictionary<string, int> _memo = [];
    private int _memoCount;

    public PickleWriter() => Bytes(0x80, 2);

    public byte[] Finish()
    {
        Bytes((byte)'.');
        return [.. _bytes];
    }

    public void Bytes(params ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

    public void Opcode(char opcode) => _bytes.Add((byte)opcode);

    public void Boolean(bool value) => Bytes(value ? (byte)0x88 : (byte)0x89);

    public void Integer(long value)
    {
        switch (value)
        {
            case >= 0 and <= byte.MaxValue:
                Bytes((byte)'K', (byte)value);
                break;
            case >= 0 and <= ushort.MaxValue:
                Bytes((byte)'M', (byte)value, (byte)(value >> 8));
                break;
            case >= int.MinValue and <= int.MaxValue:
                Opcode('J');
                Fixed((int)value);
                break;
            default:
                byte[] digits = new System.Numerics.BigInteger(value).ToByteArray();
                Bytes(0x8a, (byte)digits.Length);
                Bytes(digits);
                break;
        }
    }

    public void Text(string text)
    {
        if (Recall("text " + text))
            return;
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Opcode('X');
        Fixed(bytes.Length);
        Bytes(bytes);
        Memoize("text " + text);
    }

    public void Global(string module, string name)
    {
        string key = $"global {module} {name}";
        if (Recall(key))
            return;
        Bytes(Encoding.ASCII.GetBytes($"c{module}\n{name}\n"));
        Memoize(key);
    }

    /// <summary>A tuple of what <paramref name="items"/> writes.</summary>
    public void Tuple(params Action[] items)
    {
        if (items.Length == 0)
        {
            Opcode(')');
            return;
        }
        if (items.Length > 3)
            Opcode('(');
        foreach (Action item in items)
            item();
        Bytes(items.Length > 3 ? (byte)'t' : (byte)(0x84 + items.Length));
        Memoize();
    }

    public void Integers(IEnumerable<long> values) => Tuple([.. values.Select(value => (Action)(() => Integer(value)))]);

    /// <summary>A dict, or what <paramref name="create"/> makes in its place (an OrderedDict).</summary>
    public void Dictionary(IReadOnlyList<(string Key, Action Value)> items, Action? create = null)
    {
        if (create is null)
            Opcode('}');
        else
            create();
        Memoize();
        if (items.Count == 0)
            return;
        if (items.Count > 1)
            Opcode('(');
        foreach ((string key, Action value) in items)
        {
            Text(key);
            value();
        }
        Opcode(items.Count > 1 ? 'u' : 's');
    }

    public void EmptyOrderedDict()
    {
        Global("collections", "OrderedDict");
        Opcode(')');
        Opcode('R');
    }

    public void List(IReadOnlyList<Action> items)
    {
        Opcode(']');
        Memoize();
        if (items.Count == 0)
            return;
        if (items.Count > 1)
            Opcode('(');
        foreach (Action item in items)
            item();
        Opcode(items.Count > 1 ? 'e' : 'a');
    }

    public void Memoize(string? key = null)
    {
        if (key is not null)
            _memo.Add(key, _memoCount);
        if (_memoCount <= byte.MaxValue)
        {
            Bytes((byte)'q', (byte)_memoCount);
        }
        else
        {
            Opcode('r');
            Fixed(_memoCount);
        }
        _memoCount++;
    }

    private bool Recall(string key)
    {
        if (!_memo.TryGetValue(key, out int index))
            return false;
        if (index <= byte.MaxValue)
        {
            Bytes((byte)'h', (byte)index);
        }
        else
        {
            Opcode('j');
            Fixed(index);
        }
        return true;
    }

    private void Fixed(int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        Bytes(bytes);
    }
}
