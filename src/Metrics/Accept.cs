using System.Globalization;

namespace Rondo.Metrics;

/// <summary>Which of the two formats an Accept header prefers.</summary>
public static class Accept
{
    /// <summary>True when it asks for OpenMetrics of a version we write, and not for plain text more than for that. Without a word about either it is the text format.</summary>
    /// <param name="header">The header's value; null or empty for none.</param>
    public static bool WantsOpenMetrics(string? header)
    {
        var (open, plain) = (0.0, 0.0);
        foreach (var range in (header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = range.Split(';', StringSplitOptions.TrimEntries);
            var quality = 1.0;
            string? version = null;
            foreach (var part in parts.Skip(1))
            {
                if (part.StartsWith("q=", StringComparison.OrdinalIgnoreCase))
                {
                    quality = double.TryParse(part.AsSpan(2), NumberStyles.Float, CultureInfo.InvariantCulture, out var q) ? Math.Clamp(q, 0, 1) : 0;
                }
                else if (part.StartsWith("version=", StringComparison.OrdinalIgnoreCase))
                {
                    version = part["version=".Length..].Trim('"');
                }
            }

            if (parts[0].Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase) && version is null or "1.0.0")
            {
                open = Math.Max(open, quality);
            }
            else if (parts[0].Equals("text/plain", StringComparison.OrdinalIgnoreCase))
            {
                plain = Math.Max(plain, quality);
            }
        }

        return open > 0 && open >= plain;
    }
}
