namespace Rondo.Diagnostics;

/// <summary>The one scale of health, everywhere: exit codes 0, 1, 2; HTTP 503 only on critical.</summary>
public enum Health
{
    /// <summary>All is well.</summary>
    Healthy = 0,

    /// <summary>It works, but somebody should look.</summary>
    Degraded = 1,

    /// <summary>It does not do its work.</summary>
    Critical = 2,
}

/// <summary>Something a check found.</summary>
/// <param name="Code">Stable name, such as <c>polling.hole</c>.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Subject">What it is about, for example a device's name.</param>
/// <param name="Message">What was found and what to do, in words.</param>
public sealed record Finding(string Code, Health Severity, string Subject, string Message)
{
    /// <summary>The worst severity of <paramref name="findings"/>.</summary>
    public static Health Worst(IEnumerable<Finding> findings)
    {
        var worst = Health.Healthy;
        foreach (var finding in findings)
        {
            worst = finding.Severity > worst ? finding.Severity : worst;
        }

        return worst;
    }
}
