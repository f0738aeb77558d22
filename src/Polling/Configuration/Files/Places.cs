namespace Rondo.Polling.Configuration.Files;

/// <summary>Where a point stands in the file, and the layers its fields came from.</summary>
internal sealed record PointPlace(Node At, string Path, Layer[] Layers);

/// <summary>Where a group stands in the file.</summary>
internal sealed record GroupPlace(Layer Own, List<PointPlace> Points);

/// <summary>Where a device stands in the file, and the layers its fields came from.</summary>
internal sealed record DevicePlace(Layer Own, Layer[] Layers, List<GroupPlace> Groups)
{
    /// <summary>Reports a rule the device breaks at the line that breaks it; silent when that line, or one the rule looked at, could not be read anyway.</summary>
    public void Report(RuleBreak broken, MistakeList mistakes)
    {
        var point = broken.Point >= 0 ? Groups[broken.Group].Points[broken.Point] : null;
        Layer[] layers = [.. point?.Layers ?? [], .. broken.Group >= 0 && point is null ? [Groups[broken.Group].Own] : Array.Empty<Layer>(), .. Layers];
        var field = broken.Field.Split('[')[0];
        foreach (var used in broken.Uses.Append(field))
        {
            if (Find(layers, used)?.Find(used) is { } node && mistakes.HasFailed(node))
            {
                return;
            }
        }

        // A point's name or address is its own, not the device's of the same key.
        var holder = Find(point?.Layers ?? layers, field);
        if (field == "points" && broken.Group >= 0 && Groups[broken.Group].Points.Count == 0 && holder?.Find(field) is { Items.Count: > 0 })
        {
            // It had points, and each was a mistake of its own.
            return;
        }

        if (holder is { IsForeign: false } && holder.Find(field) is { } at)
        {
            Tell(at, holder.At(broken.Field), broken.Message);
            return;
        }

        var isOwnPoint = point is not null && !Array.Exists(point.Layers, layer => layer.IsForeign && ReferenceEquals(layer.Map, point.At));
        var (place, path) = isOwnPoint ? (point!.At, point.Path) : broken.Group >= 0 ? (Groups[broken.Group].Own.Map, Groups[broken.Group].Own.Path) : (Own.Map, Own.Path);
        Tell(place, path, $"{broken.Field}: {broken.Message}");

        void Tell(Node node, string where, string message)
        {
            if (broken.IsWarning)
            {
                mistakes.Warn(node, where, message);
            }
            else
            {
                mistakes.Break(node, broken.Field, where, message);
            }
        }
    }

    /// <summary>Where the file gives the device this field, or the device itself when something else gives it.</summary>
    public Node Field(string field) => Find(Layers, field) is { IsForeign: false } holder ? holder.Find(field)! : Own.Map;

    private static Layer? Find(Layer[] layers, string key) => Array.Find(layers, layer => layer.Find(key) is not null);
}
