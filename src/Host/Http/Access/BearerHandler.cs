using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>
/// Reads <c>Authorization: Bearer TOKEN</c>. It only says who asks; whether they may is for the endpoint's policy, and how a refusal looks for <see cref="AccessAnswers"/>.
/// </summary>
internal sealed class BearerHandler(Server server, DoorGuard door) : IAuthenticationHandler
{
    /// <summary>Name of the scheme.</summary>
    public const string Scheme = "bearer";

    private const string Prefix = "Bearer ";
    private static readonly object _denial = new();
    private HttpContext _context = null!;

    /// <summary>Why what was presented lets nobody in; null when nothing was presented, or it did.</summary>
    public static AccessDenial? DenialOf(HttpContext context) => context.Items[_denial] as AccessDenial?;

    /// <inheritdoc/>
    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        _context = context;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<AuthenticateResult> AuthenticateAsync()
    {
        var header = _context.Request.Headers.Authorization;
        if (header.Count == 0)
        {
            return AuthenticateResult.NoResult();
        }

        var text = header.ToString();
        var answer = new AccessAnswer(null, AccessDenial.Malformed);
        if (header.Count == 1 && text.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            if (door.IsClosed(_context))
            {
                return AuthenticateResult.NoResult();
            }

            try
            {
                answer = await server.Access.AuthenticateAsync(text[Prefix.Length..].Trim(), _context.RequestAborted).ConfigureAwait(false);
            }
            catch (StorageFault) when (_context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            {
                // What everybody may ask is answered while the database is away, as everybody gets it.
                return AuthenticateResult.NoResult();
            }
        }

        if (answer.Grant is { } grant)
        {
            return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new CallerIdentity(grant)), Scheme));
        }

        door.Failed(_context);
        _context.Items[_denial] = answer.Denial;

        // Also on what everybody may ask, where it is the only hint that the token is no good.
        _context.Response.Headers.WWWAuthenticate = AccessAnswers.Invalid;
        return AuthenticateResult.NoResult();
    }

    /// <inheritdoc/>
    public Task ChallengeAsync(AuthenticationProperties? properties) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task ForbidAsync(AuthenticationProperties? properties) => Task.CompletedTask;
}
