using TrtVocoder.Export.Checkpoints;
using TrtVocoder.TestSupport;

namespace TrtVocoder.Fuzz.Targets;

/// <summary><see cref="PickleReader"/> alone: few bytes that make much, by recalling and calling.</summary>
internal sealed class PickleTarget : FuzzTarget
{
    private static readonly byte[] Opcodes = [.. "N.(012)tlaed}]su]}qhjrbRQcGXJKMBUTi"u8, 0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x93, 0x94, 0x95];

    public override string Name => "pickle";

    public override IReadOnlyList<byte[]> Seeds { get; } = [Trick(0), Trick(1), Trick(2), Trick(3), Trick(4), Trick(5)];

    public override byte[] Mutate(Random random, byte[] seed)
    {
        PickleWriter pickle = new();
        if (random.Next(3) > 0)
        {
            WriteTrick(random, pickle);
            return pickle.Finish();
        }
        // Opcodes at random, with operands that may fit.
        pickle.Bytes((byte)'}', (byte)'q', 0, (byte)']', (byte)'q', 1, (byte)')', (byte)'q', 2);
        for (int count = ByteMutator.Count(random, 3000); count > 0; count--)
            pickle.Bytes(Opcodes[random.Next(Opcodes.Length)], (byte)random.Next(4));
        return pickle.Finish();
    }

    public override void Run(byte[] input)
    {
        if (new PickleReader(input, 0, new TorchObjects("x.bin"), "x.bin").Load() is PickleDictionary dictionary)
            foreach ((_, object? value) in dictionary.Items)
                if (value is TorchTensor { ForeignType: null, ElementCount: 0 } tensor)
                    _ = tensor.Shape;
    }

    /// <summary>Writes one value by one of the tricks; the sizes are a matter of chance.</summary>
    public static void WriteTrick(Random random, PickleWriter pickle, int? which = null)
    {
        // Mostly small, so that there are many of them.
        bool isLarge = random.Next(8) == 0;
        int count = ByteMutator.Count(random, isLarge ? 20_000 : 300);
        int times = ByteMutator.Count(random, isLarge ? 4000 : 200);
        switch (which ?? random.Next(6))
        {
            case 0:
                // One list of pairs, made a dictionary of again and again.
                pickle.Tuple(() => pickle.Text("key"), () => pickle.Integer(1));
                Keep(pickle, 60_000);
                pickle.Bytes((byte)'0', (byte)']', (byte)'(');
                for (int i = 0; i < count; i++)
                {
                    if (random.Next(2) == 0)
                        Recall(pickle, 60_000);
                    else
                        pickle.Tuple(() => pickle.Text($"k{i}"), () => pickle.Integer(i));
                }
                pickle.Opcode('e');
                Keep(pickle, 60_001);
                pickle.Opcode('(');
                for (int i = 0; i < times; i++)
                {
                    pickle.Global("collections", "OrderedDict");
                    Recall(pickle, 60_001);
                    pickle.Bytes(0x85, (byte)'R');
                }
                pickle.Opcode('t');
                break;
            case 1:
                // Thousands of tensors of one storage.
                WriteTensor(random, pickle, random.Next(1, 17));
                Keep(pickle, 60_000);
                for (int i = 0; i < times; i++)
                    WriteTensor(random, pickle, random.Next(1, 17));
                break;
            case 2:
                // A list that holds itself, a tuple of tuples of tuples.
                pickle.Bytes((byte)']', (byte)'q', 200, (byte)'h', 200, (byte)'a');
                for (int i = 0; i < count; i++)
                    pickle.Bytes(0x85);
                break;
            case 3:
                // Whatever takes most memory for a byte.
                byte[] cheap = [.. "])N}("u8, 0x88];
                for (int i = 0; i < count * 10; i++)
                    pickle.Bytes(cheap[random.Next(cheap.Length)], 0x94);
                break;
            case 4:
                for (int i = 0; i < times; i++)
                    pickle.Dictionary([($"name{i}", () => pickle.Text(new string('x', random.Next(200))))]);
                break;
            default:
                // Names: those that are known, and others.
                (string Module, string Name)[] names =
                [
                    ("torch", "FloatStorage"), ("torch", "Size"), ("torch._utils", "_rebuild_parameter"), ("os", "system"), ("numpy.core.multiarray", "_reconstruct"),
                    ("\u001b[2J", "x"), (new string('m', 300), "n"), ("builtins", "eval"),
                ];
                (string module, string name) = names[random.Next(names.Length)];
                pickle.Global(module, name);
                pickle.Tuple(() => pickle.Integers([1, 2, ByteMutator.Number(random)]));
                pickle.Opcode('R');
                break;
        }
    }

    private static void WriteTensor(Random random, PickleWriter pickle, int rank)
    {
        pickle.Global("torch._utils", "_rebuild_tensor_v2");
        pickle.Tuple(
            () =>
            {
                pickle.Tuple(
                    () => pickle.Text("storage"), () => pickle.Global("torch", "FloatStorage"), () => pickle.Text(random.Next(10) == 0 ? $"{random.Next(100)}" : "0"),
                    () => pickle.Text("cpu"), () => pickle.Integer(random.Next(50) == 0 ? ByteMutator.Number(random) : 4));
                pickle.Opcode('Q');
            },
            () => pickle.Integer(random.Next(50) == 0 ? ByteMutator.Number(random) : 0),
            () => pickle.Integers(Enumerable.Repeat(1L, random.Next(200) == 0 ? ByteMutator.Count(random, 3000) : rank)),
            () => pickle.Integers(Enumerable.Repeat(0L, rank)));
        pickle.Opcode('R');
    }

    private static void Keep(PickleWriter pickle, int index) => pickle.Bytes((byte)'r', (byte)index, (byte)(index >> 8), 0, 0);

    private static void Recall(PickleWriter pickle, int index) => pickle.Bytes((byte)'j', (byte)index, (byte)(index >> 8), 0, 0);

    private static byte[] Trick(int which)
    {
        PickleWriter pickle = new();
        WriteTrick(new Random(which), pickle, which);
        return pickle.Finish();
    }
}
