namespace Rondo.Polling.Configuration.Files;

/// <summary>Reads values and fields out of layers, and reports what cannot be read.</summary>
internal sealed class LayerReader(MistakeList mistakes)
{
    /// <summary>Where mistakes go.</summary>
    public MistakeList Mistakes { get; } = mistakes;

    /// <summary>What braces stand for in the device that is being read.</summary>
    public Variables Variables { get; set; } = Variables.None;

    /// <summary>The text of a single value; null where it says null. False after a mistake.</summary>
    public bool TryText(Node node, string path, out string? text)
    {
        text = null;
        if (node.IsNull)
        {
            return true;
        }

        if (node.IsEmpty)
        {
            Mistakes.Fail(node, path, "has no value; expected one behind the colon");
            return false;
        }

        // {n} without quotes is a YAML mapping of one key without a value; what is meant is plain.
        var isBare = node.Kind == NodeKind.Map && node.Entries.Count == 1 && node.Entries[0].Value.IsEmpty && !Variables.IsEmpty;
        if (node.Kind != NodeKind.Scalar && !isBare)
        {
            Mistakes.Fail(node, path, $"is {node.Noun}; expected a single value");
            return false;
        }

        text = Variables.Expand(isBare ? "{" + node.Entries[0].Key.Text + "}" : node.Text, out var problem);
        if (problem is not null)
        {
            Mistakes.Fail(node, path, problem);
        }

        return problem is null;
    }

    /// <summary>Sets every field that one of the layers has; the first layer that has it wins. Fields that cannot be read stay as they were.</summary>
    public TRecord Apply<TRecord>(IReadOnlyList<Field<TRecord>> fields, TRecord record, params ReadOnlySpan<Layer?> layers)
    {
        foreach (var field in fields)
        {
            foreach (var layer in layers)
            {
                if (layer is not null && Find(layer, field.Names) is { } found)
                {
                    var path = layer.At(found.Key.Text);
                    if (TryText(found.Value, path, out var text) && field.Read(text, ref record) is { } problem)
                    {
                        Mistakes.Fail(found.Value, path, problem);
                    }

                    break;
                }
            }
        }

        return record;
    }

    /// <summary>The entry that has one of the names; a second one that means the same is a mistake.</summary>
    public Entry? Find(Layer layer, IReadOnlyList<string> names)
    {
        Entry? found = null;
        foreach (var name in names)
        {
            if (layer.Map.IndexOf(name) is not (>= 0 and var at))
            {
                continue;
            }

            var entry = layer.Map.Entries[at];
            if (found is { } first)
            {
                Mistakes.Fail(entry.Key, layer.At(name), $"says the same as {first.Key.Text} on line {first.Key.Line}; expected only one of them");
            }

            found ??= entry;
        }

        return found;
    }

    /// <summary>A list's layer for each mapping in it; anything else in it is a mistake.</summary>
    public IEnumerable<Layer> Maps(Node list, string path, string what)
    {
        if (list.Kind != NodeKind.List)
        {
            Mistakes.Fail(list, path, list.IsEmpty || list.IsNull ? $"has no value; expected a list of {what}" : $"is {list.Noun}; expected a list of {what} (each begins with '- ')");
            yield break;
        }

        for (var i = 0; i < list.Items.Count; i++)
        {
            var at = $"{path}[{i}]";
            if (AsMap(list.Items[i], at, what) is { } layer)
            {
                yield return layer;
            }
        }
    }

    /// <summary>The node as a layer, or null after a mistake.</summary>
    public Layer? AsMap(Node node, string path, string what)
    {
        if (node.Kind == NodeKind.Map)
        {
            return new Layer(node, path);
        }

        Mistakes.Fail(node, path, $"is {(node.IsEmpty || node.IsNull ? "empty" : node.Noun)}; expected a mapping for each of the {what}");
        return null;
    }
}
