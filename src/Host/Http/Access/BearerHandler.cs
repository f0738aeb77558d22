using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>
/// Reads <c>Authorization: Bearer TOKEN</c>, or the cookie of a session. It only says who asks; whether they may is for the endpoint's policy, and how a refusal looks for <see cref="AccessAnswers"/>.
/// </summary>
internal sealed class BearerHandler(Server server, DoorGuard door) : IAuthenticationHandler
{
    /// <summary>Name of the scheme.</summary>
    public const string Scheme = "bearer";

    private const string Prefix = "Bearer ";
    private static readonly object _denial = new();
    private static readonly object _session = new();
    private static readonly object _foreign = new();
    private HttpContext _context = null!;

    /// <summary>Why what was presented lets nobody in; null when nothing was presented, or it did.</summary>
    public static AccessDenial? DenialOf(HttpContext context) => context.Items[_denial] as AccessDenial?;

    /// <summary>The session by which a request came in; null for a token, or nobody.</summary>
    public static string? SessionOf(HttpContext context) => context.Items[_session] as string;

    /// <summary>True when there is a session, and the request does not carry its second secret.</summary>
    public static bool IsForeign(HttpContext context) => context.Items.ContainsKey(_foreign);

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
        var session = header.Count == 0 ? SessionCookie.Of(_context.Request) : null;
        if (header.Count == 0 && session is null)
        {
            return AuthenticateResult.NoResult();
        }

        var text = session ?? (header.Count == 1 && header.ToString().StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? header.ToString()[Prefix.Length..].Trim() : "");
        if (door.IsClosed(_context, text))
        {
            return AuthenticateResult.NoResult();
        }

        AccessAnswer answer;
        try
        {
            answer = await server.Access.AuthenticateAsync(text, _context.RequestAborted).ConfigureAwait(false);
        }
        catch (StorageFault) when (_context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            // What everybody may ask is answered while the database is away, as everybody gets it.
            return AuthenticateResult.NoResult();
        }

        // A session comes by its cookie and a token by the header; the one is worth nothing in the place of the other.
        if (answer.Grant is { } grant && grant.Caller.Kind == (session is null ? "token" : "user"))
        {
            if (session is not null && !SessionCookie.IsOwn(_context.Request, session))
            {
                _context.Items[_foreign] = true;
                return AuthenticateResult.NoResult();
            }

            _context.Items[_session] = session;
            return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new CallerIdentity(grant)), Scheme));
        }

        var denial = answer.Grant is null ? answer.Denial : AccessDenial.Unknown;
        if (denial is AccessDenial.Unknown or AccessDenial.Malformed)
        {
            door.Failed(_context);
        }

        _context.Items[_denial] = denial;
        if (session is null)
        {
            // Also on what everybody may ask, where it is the only hint that the token is no good.
            _context.Response.Headers.WWWAuthenticate = AccessAnswers.Invalid;
        }

        return AuthenticateResult.NoResult();
    }

    /// <inheritdoc/>
    public Task ChallengeAsync(AuthenticationProperties? properties) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task ForbidAsync(AuthenticationProperties? properties) => Task.CompletedTask;
}
