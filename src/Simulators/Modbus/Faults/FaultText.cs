using System.Globalization;
using System.Text;

namespace Rondo.Simulators.Modbus;

/// <summary>The text form of a fault: <c>NAME[=VALUE][,units=A-B][,gateways=A-B][,jitter=TIME][,p=0..1]</c>.</summary>
internal static class FaultText
{
    public static readonly TimeSpan LongestTime = TimeSpan.FromHours(1);

    public static bool TryRead(string text, out FaultSpec spec, out string error)
    {
        spec = new FaultSpec();
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var (name, value) = Pair(parts[0]);
        var known = FaultName.All.FirstOrDefault(candidate => candidate.Name == name);
        if (known is null)
        {
            error = $"'{name}' is no fault. A fault starts with its name, one of: {string.Join(", ", FaultName.All.Select(n => n.Name))}. Example: delay=200ms,units=3-7.";
            return false;
        }

        spec = spec with { Kind = known.Kind };
        if (!TryValue(known, value, ref spec, out error))
        {
            return false;
        }

        foreach (var part in parts.AsSpan(1))
        {
            if (!TryOption(known, part, ref spec, out error))
            {
                return false;
            }
        }

        return true;
    }

    public static string Write(FaultSpec spec)
    {
        var text = new StringBuilder(FaultName.Of(spec.Kind).Name);
        text.Append(spec switch
        {
            { Kind: FaultKind.Delay or FaultKind.Late or FaultKind.Dribble, Time: { } time } => $"={WriteTime(time)}",
            { Kind: FaultKind.Drop or FaultKind.Garbage, Bytes: { } bytes } => $"={bytes}",
            { Kind: FaultKind.Exception } => $"={spec.Code}",
            { Kind: FaultKind.Single, Variant: true } => "=refuse",
            { Kind: FaultKind.Dead, Variant: true } => "=exception",
            _ => "",
        });
        Append(spec.Jitter > TimeSpan.Zero, "jitter", WriteTime(spec.Jitter));
        Append(spec.Units is not null, "units", $"{spec.Units}");
        Append(spec.Gateways is not null, "gateways", $"{spec.Gateways}");
        Append(spec.Probability is not 1, "p", spec.Probability.ToString("R", CultureInfo.InvariantCulture));
        return text.ToString();

        void Append(bool wanted, string key, string value)
        {
            if (wanted)
            {
                text.Append(',').Append(key).Append('=').Append(value);
            }
        }
    }

    private static bool TryValue(FaultName name, string? value, ref FaultSpec spec, out string error)
    {
        error = "";
        switch (name.Kind)
        {
            case FaultKind.Delay:
            case FaultKind.Late or FaultKind.Dribble when value is not null:
                if (!TryTime(value, out var time))
                {
                    error = $"'{name.Name}' needs a time with its unit, 0 to 1h, not '{value}'. Example: {name.Name}=200ms (also s, m, h).";
                    return false;
                }

                spec = spec with { Time = time };
                return true;
            case FaultKind.Drop or FaultKind.Garbage when value is not null:
                if (!int.TryParse(value, NumberStyles.None, null, out var bytes) || bytes > ServerFrames.Longest)
                {
                    error = $"'{name.Name}' takes a number of bytes, 0 to {ServerFrames.Longest}, not '{value}'. Example: {name.Name}=5.";
                    return false;
                }

                spec = spec with { Bytes = bytes };
                return true;
            case FaultKind.Exception:
                if (!byte.TryParse(value, NumberStyles.None, null, out var code) || code is not ((>= 1 and <= 8) or 10 or 11))
                {
                    error = $"'exception' needs a Modbus exception code, 1 to 8, 10 or 11, not '{value}'. Example: exception=2 (illegal data address).";
                    return false;
                }

                spec = spec with { Code = code };
                return true;
            case FaultKind.Single or FaultKind.Dead when value is not null:
                var (plain, variant) = name.Kind == FaultKind.Single ? ("kick", "refuse") : ("silence", "exception");
                if (value != plain && value != variant)
                {
                    error = $"'{name.Name}' takes '{plain}' or '{variant}', not '{value}'. Example: {name.Name}={variant}.";
                    return false;
                }

                spec = spec with { Variant = value == variant };
                return true;
            default:
                if (value is not null)
                {
                    error = $"'{name.Name}' takes no value, so '={value}' cannot be meant. Example: {name.Name},p=0.1.";
                    return false;
                }

                return true;
        }
    }

    private static bool TryOption(FaultName name, string part, ref FaultSpec spec, out string error)
    {
        error = "";
        var (key, value) = Pair(part);
        switch (key)
        {
            case "units" or "unit" when !name.PerUnit:
                error = $"'{name.Name}' is about connections, which no unit has; leave '{part}' out, or choose gateways: {name.Name},gateways=1-3.";
                return false;
            case "units" or "unit" or "gateways" or "gateway":
                var most = key[0] == 'u' ? 255 : 65_535;
                if (value is null || !NumberRange.TryParse(value, out var range) || range.To > most)
                {
                    error = $"'{key}' takes a number or a range up to {most}, not '{value}'. Example: {key}=3-7.";
                    return false;
                }

                spec = key[0] == 'u' ? spec with { Units = range } : spec with { Gateways = range };
                return true;
            case "jitter" when name.Kind == FaultKind.Delay:
                if (!TryTime(value, out var jitter))
                {
                    error = $"'jitter' needs a time with its unit, 0 to 1h, not '{value}'. Example: delay=200ms,jitter=50ms.";
                    return false;
                }

                spec = spec with { Jitter = jitter };
                return true;
            case "p":
                if (!double.TryParse(value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, null, out var p) || p is not (>= 0 and <= 1))
                {
                    error = $"'p' is a probability, 0 to 1, not '{value}'. Example: p=0.1 is one in ten.";
                    return false;
                }

                spec = spec with { Probability = p };
                return true;
            default:
                error = $"'{part}' is not understood after '{name.Name}'. Possible: units=A-B, gateways=A-B, p=0..1, and jitter=TIME after delay. One fault per --fault.";
                return false;
        }
    }

    private static (string Key, string? Value) Pair(string part)
    {
        var equals = part.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (part, null) : (part[..equals].TrimEnd(), part[(equals + 1)..].TrimStart());
    }

    private static bool TryTime(string? text, out TimeSpan time)
    {
        time = default;
        text ??= "";
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits <= 0 || !int.TryParse(text.AsSpan(0, digits), out var number))
        {
            return false;
        }

        double? milliseconds = text[digits..] switch
        {
            "ms" => number,
            "s" => number * 1_000.0,
            "m" => number * 60_000.0,
            "h" => number * 3_600_000.0,
            _ => null,
        };
        if (milliseconds is null || milliseconds > LongestTime.TotalMilliseconds)
        {
            return false;
        }

        time = TimeSpan.FromMilliseconds(milliseconds.Value);
        return true;
    }

    private static string WriteTime(TimeSpan time) => $"{(long)time.TotalMilliseconds}ms";
}
