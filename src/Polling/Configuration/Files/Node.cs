namespace Rondo.Polling.Configuration.Files;

/// <summary>What a node of a file is.</summary>
internal enum NodeKind
{
    /// <summary>A single value.</summary>
    Scalar,

    /// <summary>A list.</summary>
    List,

    /// <summary>Keys and values.</summary>
    Map,
}

/// <summary>One key with its value.</summary>
internal readonly record struct Entry(Node Key, Node Value);

/// <summary>A piece of a YAML or JSON text, with its place. The readers see only this, so that a file and the API are read by the same code.</summary>
internal sealed class Node(NodeKind kind, int line, int column)
{
    // Small maps are searched in order; a map of thousands of endpoints gets an index.
    private const int SmallMap = 24;
    private Dictionary<string, int>? index;

    public NodeKind Kind { get; } = kind;

    public int Line { get; } = line;

    public int Column { get; } = column;

    /// <summary>The text of a scalar.</summary>
    public string Text { get; init; } = "";

    /// <summary>The scalar says "no value": null or ~.</summary>
    public bool IsNull { get; init; }

    /// <summary>The scalar has no text at all: a key with nothing behind it.</summary>
    public bool IsEmpty { get; init; }

    public List<Node> Items { get; } = [];

    public List<Entry> Entries { get; } = [];

    /// <summary>Some text in it holds a brace, so its meaning may differ from one repetition to the next.</summary>
    public bool HasBraces { get; set; }

    /// <summary>How many nodes it stands for when every alias is written out.</summary>
    public long Size { get; set; } = 1;

    /// <summary>What it is, for messages.</summary>
    public string Noun => Kind switch { NodeKind.List => "a list", NodeKind.Map => "a mapping", _ => "a single value" };

    /// <summary>The position of a key among the entries, or -1.</summary>
    public int IndexOf(string key)
    {
        if (Entries.Count <= SmallMap)
        {
            for (var i = 0; i < Entries.Count; i++)
            {
                if (Entries[i].Key.Text == key)
                {
                    return i;
                }
            }

            return -1;
        }

        if (index is null || index.Count > Entries.Count)
        {
            index = [];
        }

        for (var i = index.Count; i < Entries.Count; i++)
        {
            index.TryAdd(Entries[i].Key.Text, i);
        }

        return index.GetValueOrDefault(key, -1);
    }
}
