using System.Text.Json.Nodes;

namespace TrtVocoder.Fuzz;

/// <summary>Edits JSON as JSON: nulls where values belong, other kinds of values, names twice, deep nests, long lists.</summary>
internal static class JsonMutator
{
    public static string Mutate(Random random, string json)
    {
        JsonNode root = JsonNode.Parse(json)!;
        for (int edits = ByteMutator.Count(random, 4); edits > 0; edits--)
            Edit(random, root);
        string text = root.ToJsonString();
        if (random.Next(8) == 0 && text.Length > 2 && root is JsonObject { Count: > 0 } map)
        {
            (string name, JsonNode? value) = map.ElementAt(random.Next(map.Count));
            text = $"{{{JsonValue.Create(name).ToJsonString()}:{value?.ToJsonString() ?? "null"},{text[1..]}";
        }
        return text;
    }

    private static void Edit(Random random, JsonNode root)
    {
        List<JsonNode> containers = [];
        Collect(root, containers);
        switch (containers[random.Next(containers.Count)])
        {
            case JsonObject map when map.Count > 0:
                string name = map.ElementAt(random.Next(map.Count)).Key;
                if (random.Next(6) == 0)
                    map.Remove(name);
                else if (random.Next(6) == 0)
                    map[Text(random)] = Value(random);
                else
                    map[name] = Value(random);
                break;
            case JsonArray list:
                if (list.Count > 0 && random.Next(2) == 0)
                    list[random.Next(list.Count)] = Value(random);
                else
                    for (int items = ByteMutator.Count(random, random.Next(8) == 0 ? 10_000 : 20); items > 0; items--)
                        list.Add(random.Next(3) == 0 ? null : 0);
                break;
        }
    }

    private static void Collect(JsonNode? node, List<JsonNode> containers)
    {
        if (node is JsonObject or JsonArray)
            containers.Add(node);
        foreach (JsonNode? child in node switch { JsonObject map => map.Select(pair => pair.Value), JsonArray list => list, _ => Enumerable.Empty<JsonNode?>() })
            Collect(child, containers);
    }

    private static JsonNode? Value(Random random) => random.Next(9) switch
    {
        0 or 1 => null,
        2 => JsonValue.Create(ByteMutator.Number(random)),
        3 => JsonValue.Create(Text(random)),
        4 => JsonValue.Create(random.NextDouble() * 1e300),
        5 => new JsonArray(null, 0),
        6 => new JsonObject { ["a"] = null },
        7 => Nest(random),
        _ => JsonValue.Create(ByteMutator.Number(random).ToString(System.Globalization.CultureInfo.InvariantCulture)),
    };

    private static JsonArray Nest(Random random)
    {
        JsonArray nest = [];
        for (int depth = ByteMutator.Count(random, 60); depth > 0; depth--)
            nest = [nest];
        return nest;
    }

    /// <summary>Text that terminals, files and numbers do not expect.</summary>
    public static string Text(Random random) => random.Next(9) switch
    {
        0 => "",
        1 => "\u001b[2J\u001b]0;x\u0007",
        2 => "a\0b",
        3 => new string('x', ByteMutator.Count(random, random.Next(8) == 0 ? 100_000 : 200)),
        4 => "\u202Etxt.exe",
        5 => "NaN",
        6 => "1e400",
        7 => "24\n000",
        _ => "-1",
    };
}
