namespace Rondo.Polling.Configuration.Files;

/// <summary>Reads <c>points:</c>: names or patterns that select points of a profile, and mappings that change or add points.</summary>
internal sealed class PointListReader(LayerReader reader)
{
    private readonly PointReader one = new(reader);

    /// <summary>The device names a profile that does not exist: whatever refers to it is only a consequence of that mistake.</summary>
    public bool ProfileIsUnknown { get; set; }

    /// <summary>Reads a list of points.</summary>
    /// <param name="list">The list.</param>
    /// <param name="path">Its path.</param>
    /// <param name="profile">The device's profile, or null.</param>
    /// <param name="defaults">What new points have in common, or null.</param>
    /// <param name="exact">True: these points and no others. False: a list of mappings alone changes the profile, whose other points stay.</param>
    public PointList Read(Node list, string path, ProfileSource? profile, Layer? defaults, bool exact)
    {
        var points = new PointList();
        if (list.Kind != NodeKind.List)
        {
            reader.Mistakes.Fail(list, path, list.IsEmpty || list.IsNull ? "has no value; expected a list of points" : $"is {list.Noun}; expected a list of points (each begins with '- ')");
            return points;
        }

        if (profile is not null && !exact && list.Items.TrueForAll(item => item.Kind == NodeKind.Map))
        {
            points.AddAll(profile);
        }

        for (var i = 0; i < list.Items.Count; i++)
        {
            var item = list.Items[i];
            var at = $"{path}[{i}]";
            if (item.Kind == NodeKind.Map)
            {
                Define(points, new Layer(item, at), profile, defaults);
            }
            else if (reader.TryText(item, at, out var text))
            {
                Select(points, item, at, (text ?? "").Trim(), profile);
            }
        }

        return points;
    }

    private void Define(PointList points, Layer own, ProfileSource? profile, Layer? defaults)
    {
        KeySet.Point.Check(own, reader.Mistakes);
        if (ProfileIsUnknown && own.Find("address") is null)
        {
            return;
        }

        var basis = own.Find("name") is { Kind: NodeKind.Scalar } name ? profile?.Find(name.Text.Trim()) : null;
        if (one.Read(own, basis?.Spec, defaults, profile?.Profile.Name) is not { } point)
        {
            return;
        }

        Layer[] layers = basis is null ? defaults is null ? [own] : [own, defaults] : [own, .. basis.Place.Layers];
        points.Put(point, new PointPlace(own.Map, own.Path, layers));
    }

    private void Select(PointList points, Node item, string path, string wanted, ProfileSource? profile)
    {
        if (profile is null && ProfileIsUnknown)
        {
            return;
        }

        if (profile is null)
        {
            reader.Mistakes.Fail(item, path, $"{Wording.Quote(wanted)} would name a point of a profile, and the device has none; expected profile:, or a mapping with name: and address:");
            return;
        }

        var star = wanted.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            if (profile.Find(wanted) is { } point)
            {
                points.Add(point.Spec, new PointPlace(item, path, point.Place.Layers));
            }
            else
            {
                reader.Mistakes.Fail(item, path, $"{Wording.Quote(wanted)} is not a point of profile {profile.Profile.Name}{Wording.DidYouMean(wanted, profile.Names)}");
            }

            return;
        }

        var any = false;
        foreach (var point in profile.Points)
        {
            if (star == wanted.Length - 1 && point.Spec.Name.StartsWith(wanted.AsSpan(0, star), StringComparison.Ordinal))
            {
                any = true;
                points.AddLoose(point.Spec, new PointPlace(item, path, point.Place.Layers));
            }
        }

        if (!any)
        {
            reader.Mistakes.Fail(item, path, $"{Wording.Quote(wanted)} fits no point of profile {profile.Profile.Name}; expected the beginning of a name with * behind it, such as energy_*");
        }
    }
}

/// <summary>Points with their places, in order.</summary>
internal sealed class PointList
{
    private readonly HashSet<string> loose = [];

    public List<PointSpec> Specs { get; } = [];

    public List<PointPlace> Places { get; } = [];

    /// <summary>Adds every point of a profile; a later mapping of the same name takes its place.</summary>
    public void AddAll(ProfileSource profile)
    {
        foreach (var point in profile.Points)
        {
            AddLoose(point.Spec, point.Place);
        }
    }

    /// <summary>Adds a point chosen by a pattern: a name chosen twice is no mistake, and a mapping may take its place.</summary>
    public void AddLoose(PointSpec spec, PointPlace place)
    {
        if (!Specs.Exists(each => each.Name == spec.Name))
        {
            loose.Add(spec.Name);
            Append(spec, place);
        }
    }

    /// <summary>Adds a point chosen by its name.</summary>
    public void Add(PointSpec spec, PointPlace place)
    {
        if (!loose.Remove(spec.Name))
        {
            Append(spec, place);
        }
    }

    /// <summary>Adds a point, or puts it in the place of the loosely chosen one of its name.</summary>
    public void Put(PointSpec spec, PointPlace place)
    {
        if (loose.Remove(spec.Name))
        {
            var at = Specs.FindIndex(each => each.Name == spec.Name);
            Specs[at] = spec;
            Places[at] = place;
        }
        else
        {
            Append(spec, place);
        }
    }

    private void Append(PointSpec spec, PointPlace place)
    {
        Specs.Add(spec);
        Places.Add(place);
    }
}
