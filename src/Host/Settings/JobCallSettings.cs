using Rondo.Jobs.Calls;

namespace Rondo.Host.Settings;

/// <summary>What can be set of jobs that call a URL.</summary>
internal static class JobCallSettings
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("jobs.http.allow", _ => Setting.None, "what jobs of kind http may call although it is not on the Internet: 10.0.0.0/8,127.0.0.1:8080,billing.internal, or none", TakeAllow),
        new("jobs.http.secrets", _ => Setting.None, "secrets that calls are signed with: whsec_BASE64, or HOST=whsec_BASE64 for one host, with commas; of each at most two, or none", TakeSecrets)
        {
            Mask = (draft, text) => text == Setting.None ? Setting.None : draft.Jobs.Http.Secrets is { Count: > 0 } secrets ? string.Join(',', secrets) : "(cannot be read)",
        },
        JobSettings.Span("jobs.http.timeout", "how long a call may take when its job does not say", o => o.Http.Timeout, (o, v) => o with { Http = o.Http with { Timeout = v } }),
    ];

    private static string? TakeAllow(SettingsDraft draft, string text)
    {
        var targets = new List<CallTarget>();
        foreach (var part in Parts(text))
        {
            if (!CallTarget.TryParse(part, out var target))
            {
                return $"'{part}' is nothing that can be called; expected networks (10.0.0.0/8), addresses or hosts, each address or host perhaps with a port (127.0.0.1:8080, [fd00::1]:8080, billing.internal), with commas, or {Setting.None}";
            }

            targets.Add(target);
        }

        draft.Jobs = draft.Jobs with { Http = draft.Jobs.Http with { Allow = targets } };
        return null;
    }

    private static string? TakeSecrets(SettingsDraft draft, string text)
    {
        var secrets = new List<SigningSecret>();
        foreach (var part in Parts(text))
        {
            if (!SigningSecret.TryParse(part, out var secret, out var problem))
            {
                return problem;
            }

            secrets.Add(secret);
        }

        return JobSettings.Take(draft, draft.Jobs with { Http = draft.Jobs.Http with { Secrets = secrets } });
    }

    private static string[] Parts(string text) => text == Setting.None ? [] : text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
