namespace Rondo.Polling.Configuration.Files;

/// <summary>Reads what a device reads: <c>groups:</c>, or <c>points:</c> for a single group, or just its profile.</summary>
internal sealed class GroupReader(LayerReader reader)
{
    private readonly PointListReader pointLists = new(reader);
    private readonly PointReader points = new(reader);

    /// <summary>The groups with their places.</summary>
    public (List<GroupSpec> Specs, List<GroupPlace> Places) Read(Layer own, Layer? defaults, ProfileSource? profile)
    {
        var pointDefaults = PointDefaults(own) ?? (defaults is null ? null : PointDefaults(defaults));
        pointLists.ProfileIsUnknown = profile is null && (own.Find("profile") ?? defaults?.Find("profile")) is { IsNull: false };
        var groupList = own.Find("groups");
        var pointList = own.Find("points");
        if (groupList is not null)
        {
            if (pointList is not null)
            {
                reader.Mistakes.Fail(pointList, own.At("points"), "stands beside groups; expected points inside the groups, or no groups");
            }

            return Groups(groupList, own, defaults, profile, pointDefaults);
        }

        var timing = reader.Apply(SpecFields.Timing, new GroupSpec(), own, defaults);
        var list = new PointList();
        if (pointList is not null)
        {
            list = pointLists.Read(pointList, own.At("points"), profile, pointDefaults, exact: false);
        }
        else if (profile is not null)
        {
            list.AddAll(profile);
        }
        else if (!pointLists.ProfileIsUnknown)
        {
            reader.Mistakes.Break(own.Map, "points", own.Path, "reads nothing; expected points:, groups: or profile: (or groups: [] for a device that only has others below it)");
        }

        return pointList is null && list.Specs.Count == 0 ? ([], []) : ([timing with { Points = list.Specs }], [new GroupPlace(own, list.Places)]);
    }

    private (List<GroupSpec> Specs, List<GroupPlace> Places) Groups(Node node, Layer own, Layer? defaults, ProfileSource? profile, Layer? pointDefaults)
    {
        var specs = new List<GroupSpec>();
        var places = new List<GroupPlace>();
        var rest = -1;
        foreach (var layer in reader.Maps(node, own.At("groups"), "groups"))
        {
            KeySet.Group.Check(layer, reader.Mistakes);
            var group = reader.Apply(SpecFields.Timing, new GroupSpec(), layer, own, defaults);
            group = reader.Apply(SpecFields.Group, group, layer);
            var list = new PointList();
            if (layer.Find("points") is { } points)
            {
                list = pointLists.Read(points, layer.At("points"), profile, pointDefaults, exact: true);
            }
            else if (profile is null)
            {
                if (!pointLists.ProfileIsUnknown)
                {
                    reader.Mistakes.Break(layer.Map, "points", layer.Path, "has no points; expected points: with at least one");
                }

                continue;
            }
            else if (rest >= 0)
            {
                reader.Mistakes.Break(layer.Map, "points", layer.Path, $"has no points, like the group on line {places[rest].Own.Map.Line}; expected only one group that takes the rest of the profile");
            }
            else
            {
                rest = specs.Count;
            }

            specs.Add(group with { Points = list.Specs });
            places.Add(new GroupPlace(layer, list.Places));
        }

        if (rest >= 0 && profile is not null)
        {
            var named = specs.SelectMany(group => group.Points).Select(point => point.Name).ToHashSet();
            foreach (var point in profile.Points.Where(point => !named.Contains(point.Spec.Name)))
            {
                ((List<PointSpec>)specs[rest].Points).Add(point.Spec);
                places[rest].Points.Add(point.Place);
            }
        }

        return (specs, places);
    }

    private Layer? PointDefaults(Layer layer)
    {
        if (layer.Find("point_defaults") is not { } node || reader.AsMap(node, layer.At("point_defaults"), "points' defaults") is not { } found)
        {
            return null;
        }

        points.Check(found);
        return found;
    }
}
