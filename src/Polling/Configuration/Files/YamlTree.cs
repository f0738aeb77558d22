using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Rondo.Polling.Configuration.Files;

/// <summary>
/// Builds nodes from YAML events. YamlDotNet's own document model stops at the first duplicate key and follows any nesting; this one
/// names every duplicate, and bounds depth and what aliases unfold to.
/// </summary>
internal sealed class YamlTree
{
    private const int MaxDepth = 24;
    private const long MaxSize = 3_000_000;

    private readonly Parser parser;
    private readonly MistakeList mistakes;
    private readonly Dictionary<AnchorName, Node> anchors = [];
    private readonly List<string> path = [];
    private long size;

    private YamlTree(string text, MistakeList mistakes)
    {
        parser = new Parser(new StringReader(text));
        this.mistakes = mistakes;
    }

    /// <summary>The root of the one document, or null after a mistake that leaves nothing to read.</summary>
    public static Node? Read(string text, MistakeList mistakes)
    {
        var tree = new YamlTree(text, mistakes);
        try
        {
            return tree.Document();
        }
        catch (YamlException fault)
        {
            YamlFault.Report(fault, text, mistakes);
            return null;
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or FormatException or OverflowException)
        {
            // YamlDotNet meets some broken texts with exceptions that are not its own (found by random text); the last event is the nearest place it knows.
            var at = tree.parser.Current?.End ?? Mark.Empty;
            YamlFault.Report(new YamlException(at, at, "it cannot be read on from here"), text, mistakes);
            return null;
        }
    }

    private Node? Document()
    {
        parser.Consume<StreamStart>();
        var root = parser.TryConsume<DocumentStart>(out _) ? Build(0) : new Node(NodeKind.Scalar, 1, 1) { IsEmpty = true };
        if (root is null)
        {
            return null;
        }

        if (root.IsEmpty)
        {
            mistakes.Add(1, 1, "", "the file is empty; expected a mapping with devices:");
            return null;
        }

        parser.Consume<DocumentEnd>();
        if (parser.TryConsume<DocumentStart>(out var second))
        {
            mistakes.Add(Line(second.Start), Column(second.Start), "", "a second document begins here; expected one document in a file (one list of devices: may hold them all)");
        }
        else
        {
            // Nothing behind the document may go unread.
            parser.Consume<StreamEnd>();
        }

        return root;
    }

    // The current event has been consumed when this returns; null means: give up, the reason is in the list.
    private Node? Build(int depth)
    {
        var current = parser.Current!;
        if (depth > MaxDepth)
        {
            mistakes.Add(Line(current.Start), Column(current.Start), "", $"is nested more than {MaxDepth} levels deep; a device file needs six");
            return null;
        }

        if (++size > MaxSize)
        {
            return TooLarge(current.Start);
        }

        if (current is NodeEvent { Tag.IsEmpty: false } tagged && !tagged.Tag.IsNonSpecific)
        {
            mistakes.Add(Line(current.Start), Column(current.Start), Path(), $"the tag {Wording.Quote(tagged.Tag.Value)} means nothing here; expected a plain value");
        }

        return current switch
        {
            Scalar scalar => Keep(scalar, Leaf(scalar)),
            SequenceStart list => List(list, depth),
            MappingStart map => Map(map, depth),
            AnchorAlias alias => Follow(alias),
            _ => throw new YamlException(current.Start, current.End, "expected a value"),
        };
    }

    private static Node Leaf(Scalar scalar)
    {
        var isPlain = scalar.Style == ScalarStyle.Plain;
        return new Node(NodeKind.Scalar, Line(scalar.Start), Column(scalar.Start))
        {
            Text = scalar.Value,
            IsEmpty = isPlain && scalar.Value.Length == 0,
            IsNull = isPlain && scalar.Value is "~" or "null" or "Null" or "NULL",
            HasBraces = scalar.Value.Contains('{', StringComparison.Ordinal),
        };
    }

    private Node? List(SequenceStart start, int depth)
    {
        var node = new Node(NodeKind.List, Line(start.Start), Column(start.Start));
        parser.MoveNext();
        while (parser.Current is not SequenceEnd)
        {
            path.Add(string.Create(CultureInfo.InvariantCulture, $"[{node.Items.Count}]"));
            var item = Build(depth + 1);
            path.RemoveAt(path.Count - 1);
            if (item is null)
            {
                return null;
            }

            node.Items.Add(item);
            node.Size += item.Size;
            node.HasBraces |= item.HasBraces;
        }

        return Keep(start, node);
    }

    private Node? Map(MappingStart start, int depth)
    {
        var node = new Node(NodeKind.Map, Line(start.Start), Column(start.Start));
        parser.MoveNext();
        while (parser.Current is not MappingEnd)
        {
            var key = Build(depth + 1);
            path.Add("." + key?.Text);
            var value = key is null ? null : Build(depth + 1);
            if (key is null || value is null)
            {
                return null;
            }

            Put(node, key, value);
            path.RemoveAt(path.Count - 1);
            node.Size += value.Size + 1;
            // A braces-only key is how {n} without quotes arrives, see Scalars.
            node.HasBraces |= value.HasBraces || (value.IsEmpty && node.Entries.Count == 1);
        }

        return Keep(start, node);
    }

    private void Put(Node map, Node key, Node value)
    {
        if (key.Kind != NodeKind.Scalar)
        {
            mistakes.Add(key.Line, key.Column, Path(), $"{key.Noun} cannot be a key; expected a word");
        }
        else if (map.IndexOf(key.Text) is >= 0 and var first)
        {
            mistakes.Add(key.Line, key.Column, Path(), $"the key is given twice, first on line {map.Entries[first].Key.Line}; expected it once");
        }
        else
        {
            map.Entries.Add(new Entry(key, value));
        }
    }

    private Node? Follow(AnchorAlias alias)
    {
        // An anchor is known only when its node is complete, so a node can never hold itself.
        if (!anchors.TryGetValue(alias.Value, out var node))
        {
            mistakes.Add(Line(alias.Start), Column(alias.Start), Path(), $"the alias *{alias.Value} has no anchor before it; expected &{alias.Value} on a finished value above");
            node = new Node(NodeKind.Scalar, Line(alias.Start), Column(alias.Start));
        }

        size += node.Size;
        if (size > MaxSize)
        {
            return TooLarge(alias.Start);
        }

        parser.MoveNext();
        return node;
    }

    private Node Keep(NodeEvent start, Node node)
    {
        if (!start.Anchor.IsEmpty)
        {
            anchors[start.Anchor] = node;
        }

        parser.MoveNext();
        return node;
    }

    private Node? TooLarge(Mark at)
    {
        mistakes.Add(Line(at), Column(at), "", $"the file unfolds to more than {MaxSize:N0} values here; expected fewer (split the file, or use profile and repeat)");
        return null;
    }

    private string Path() => string.Concat(path).TrimStart('.');

    private static int Line(Mark mark) => (int)mark.Line;

    private static int Column(Mark mark) => (int)mark.Column;
}
