using Microsoft.AspNetCore.Authorization;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>The policy of an endpoint: whoever asks has to have this role, or one that includes it.</summary>
internal sealed record RoleNeeded(Role Role) : IAuthorizationRequirement;

/// <summary>Where an endpoint about one device has its name: a parameter of its route (of a series the part before the slash). Tokens that are limited to devices may ask it.</summary>
internal sealed record DeviceScope(string Parameter);

/// <summary>Who may ask what. Each endpoint says it by <see cref="For"/> or <see cref="Open"/>; one that says nothing is closed to everybody.</summary>
internal static class AccessPolicies
{
    /// <summary>The policy of what everybody may ask who has a token or a session at all.</summary>
    public const string Anybody = "anybody";

    /// <summary>Sets it up. Only the core of the framework: the rest of it would keep keys of its own in the home folder.</summary>
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<DoorGuard>();
        services.AddTransient<BearerHandler>();
        services.AddAuthenticationCore(options =>
        {
            options.AddScheme<BearerHandler>(BearerHandler.Scheme, null);
            options.DefaultScheme = BearerHandler.Scheme;
        });
        services.AddSingleton<IAuthorizationHandler, RoleHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessAnswers>();
        services.AddAuthorization(options =>
        {
            foreach (var role in Roles.All)
            {
                options.AddPolicy(role.Text(), policy => policy.AddRequirements(new RoleNeeded(role)));
            }

            options.AddPolicy(Anybody, policy => policy.RequireAuthenticatedUser());

            // Of what is not an endpoint of ours (nothing there, another method) anybody with a token may be told so.
            options.FallbackPolicy = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireAssertion(c => c.Resource is HttpContext http && http.GetEndpoint() is not RouteEndpoint).Build();
        });
    }

    /// <summary>Whoever has the role may ask.</summary>
    public static RouteHandlerBuilder For(this RouteHandlerBuilder endpoint, Role role) => endpoint.RequireAuthorization(role.Text()).Problems(401, 429);

    /// <summary>Whoever has a token or a session may ask.</summary>
    public static RouteHandlerBuilder ForAnybody(this RouteHandlerBuilder endpoint) => endpoint.RequireAuthorization(Anybody).Problems(401, 429);

    /// <summary>Everybody may ask.</summary>
    public static RouteHandlerBuilder Open(this RouteHandlerBuilder endpoint) => endpoint.AllowAnonymous();

    /// <summary>It is about the device that a parameter of its route names, so a token limited to that one may ask too.</summary>
    public static RouteHandlerBuilder OfDevice(this RouteHandlerBuilder endpoint, string parameter) => endpoint.WithMetadata(new DeviceScope(parameter));
}
