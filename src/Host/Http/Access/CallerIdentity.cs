using System.Security.Claims;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>Who asks, as the framework carries it.</summary>
internal sealed class CallerIdentity(AccessGrant grant) : ClaimsIdentity([new Claim(ClaimTypes.Name, grant.Caller.Name)], BearerHandler.Scheme)
{
    /// <summary>Who it is.</summary>
    public Caller Caller => grant.Caller;

    /// <summary>For a connection that stays open: says when it is over.</summary>
    public AccessGrant Grant => grant;
}

/// <summary>Who asks.</summary>
internal static class Callers
{
    /// <summary>Who asks; null for nobody in particular.</summary>
    public static CallerIdentity? CallerOf(this HttpContext context) => context.User.Identity as CallerIdentity;

    /// <summary>True when whoever asks may see what a viewer sees.</summary>
    public static bool MayView(this HttpContext context) => context.CallerOf()?.Caller is { Scopes.IsLimited: false } caller && caller.Role.Includes(Role.Viewer);

    /// <summary>True when whoever asks may hear of that device at all: an error must not name those beyond what a token is limited to.</summary>
    public static bool MaySee(this HttpContext context, string device) => context.CallerOf()?.Caller.Scopes.NamesDevice(device) == true;

    /// <summary>Who makes a change by this request; it has passed a policy.</summary>
    public static Actor ActorOf(this HttpContext context) =>
        context.CallerOf()!.Caller.Actor(context.Connection.RemoteIpAddress?.ToString() ?? "");
}
