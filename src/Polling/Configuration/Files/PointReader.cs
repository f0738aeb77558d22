namespace Rondo.Polling.Configuration.Files;

/// <summary>Reads one point.</summary>
internal sealed class PointReader(LayerReader reader)
{
    private static readonly Field<Drivers.Modbus.ModbusPoint>[] decoding = SpecFields.Register.Where(field => field.Name is not ("address" or "scale_address")).ToArray();

    /// <summary>Reads a point; null after a mistake that leaves it without name or address.</summary>
    /// <param name="own">The point's own mapping.</param>
    /// <param name="basis">The point of the profile it changes, or null for a new one.</param>
    /// <param name="defaults">What new points have in common, or null.</param>
    /// <param name="profile">The name of the profile the point might have been in, for messages.</param>
    public PointSpec? Read(Layer own, PointSpec? basis, Layer? defaults, string? profile = null)
    {
        defaults = basis is null ? defaults : null;
        if (own.Find("name") is null)
        {
            reader.Mistakes.Break(own.Map, "name", own.Path, "has no name; expected one such as name: power_total");
        }

        var point = reader.Apply(SpecFields.Point, basis ?? new PointSpec { Name = "", Modbus = new() }, own, defaults);
        var modbus = reader.Apply(decoding, point.Modbus, own, defaults);
        var style = Style(own) ?? (defaults is null ? null : Style(defaults)) ?? AddressStyle.Wire;
        if (own.Find("address") is { } node)
        {
            if (Address(own, "address", node, style, out var function) is { } address)
            {
                modbus = modbus with { Address = address, Function = Agreed(own, function, modbus.Function) };
            }
        }
        else if (basis is null)
        {
            reader.Mistakes.Break(own.Map, "address", own.Path, $"has no address{(profile is null ? "" : $", and profile {profile} has no point of this name")}; expected address: and function:");
        }

        if (own.Find("scale_address") is { } scale)
        {
            modbus = modbus with { ScaleAddress = scale.IsNull ? null : Address(own, "scale_address", scale, style, out _) };
        }

        // A coil can be nothing but a bit, and whoever names a bit means one: the type need not be said.
        if (own.Find("type") is null && (modbus.Function < 3 || own.Find("bit") is { IsNull: false }))
        {
            modbus = modbus with { Type = Drivers.Modbus.ModbusType.Bit };
        }

        return own.Find("name") is null || (basis is null && own.Find("address") is null) ? null : point with { Modbus = modbus };
    }

    /// <summary>Checks what points have in common by itself, so that a mistake is found even where no point uses it.</summary>
    public void Check(Layer defaults)
    {
        KeySet.PointDefaults.Check(defaults, reader.Mistakes);
        reader.Apply(SpecFields.Point, new PointSpec { Name = "", Modbus = new() }, defaults);
        reader.Apply(decoding, new Drivers.Modbus.ModbusPoint(), defaults);
        Style(defaults);
    }

    private AddressStyle? Style(Layer layer)
    {
        if (layer.Find("style") is not { } node || !reader.TryText(node, layer.At("style"), out var text))
        {
            return null;
        }

        if (AddressStyles.Words.Read(text ?? "", out var style) is { } problem)
        {
            reader.Mistakes.Fail(node, layer.At("style"), $"{Wording.Quote(text ?? "")} {problem}");
            return null;
        }

        return style;
    }

    private int? Address(Layer own, string key, Node node, AddressStyle style, out byte function)
    {
        function = 0;
        if (!reader.TryText(node, own.At(key), out var text))
        {
            return null;
        }

        if (AddressStyles.Read(text ?? "", style, out var wire, out function) is { } problem)
        {
            reader.Mistakes.Fail(node, own.At(key), $"{Wording.Quote(text ?? "")} {problem}");
            return null;
        }

        return wire;
    }

    private byte Agreed(Layer own, byte named, byte said)
    {
        if (named != 0 && named != said && own.Find("function") is { } node)
        {
            reader.Mistakes.Fail(node, own.At("function"), $"says {ModbusWords.Function.Show(said)}, but the Modicon number names {ModbusWords.Function.Show(named)}; expected them to agree, or no function");
        }

        return named == 0 ? said : named;
    }
}
