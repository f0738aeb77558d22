using Microsoft.AspNetCore.Authorization;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>Holds whoever asks against the role that is needed, and against what their token is limited to.</summary>
internal sealed class RoleHandler : AuthorizationHandler<RoleNeeded>
{
    /// <inheritdoc/>
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, RoleNeeded requirement)
    {
        if (context.User.Identity is not CallerIdentity { Caller: { } caller })
        {
            return Task.CompletedTask;
        }

        if (!caller.Role.Includes(requirement.Role))
        {
            Refuse($"needs the role {requirement.Role.Text()}; {caller.Kind} '{caller.Name}' is {caller.Role.Text()}");
        }
        else if (caller.Scopes.IsLimited && !IsWithin(caller.Scopes, context.Resource as HttpContext))
        {
            Refuse($"is beyond what {caller.Kind} '{caller.Name}' is limited to ({Limits(caller.Scopes)})");
        }
        else
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;

        void Refuse(string why) => context.Fail(new AuthorizationFailureReason(this, why));
    }

    private static bool IsWithin(Scopes scopes, HttpContext? http)
    {
        if (http?.GetEndpoint()?.Metadata.GetMetadata<DeviceScope>() is not { } scope || http.Request.RouteValues[scope.Parameter] is not string value)
        {
            return false;
        }

        // A series is device/point, and a path keeps the slash that a client encoded.
        var end = value.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase).IndexOf('/', StringComparison.Ordinal);
        return scopes.NamesDevice(end < 0 ? value : value[..end]);
    }

    private static string Limits(Scopes scopes) => string.Join("; ", new[] { ("topics", scopes.Topics), ("devices", scopes.Devices) }
        .Where(l => l.Item2.Count > 0).Select(l => $"{l.Item1} {string.Join(", ", l.Item2.Take(5))}{(l.Item2.Count > 5 ? ", …" : "")}"));
}
