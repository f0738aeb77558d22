using Microsoft.AspNetCore.Mvc;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>A token to be made.</summary>
internal sealed record TokenRequest
{
    /// <summary>How to call it.</summary>
    public required string Name { get; init; }

    /// <summary><c>admin</c>, <c>operator</c>, <c>viewer</c> or <c>ingest</c>.</summary>
    public required string Role { get; init; }

    /// <summary>After so long it is worth nothing; null for never.</summary>
    public TimeSpan? ExpiresIn { get; init; }

    /// <summary>Topics it is limited to; empty for no limit.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Devices it is limited to; empty for no limit.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];
}

/// <summary>Tokens, without their secrets.</summary>
/// <param name="Tokens">By name.</param>
internal sealed record TokenList(IReadOnlyList<TokenView> Tokens);

/// <summary>A token that was just made: the one time it is known.</summary>
/// <param name="Token">What to present: <c>Authorization: Bearer TOKEN</c>.</param>
/// <param name="Made">The token as it is listed from now on.</param>
internal sealed record TokenMade(string Token, TokenView Made);

/// <summary>Tokens of the API; for admins.</summary>
internal static class TokenEndpoints
{
    private static readonly TimeSpan _shortest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _longest = TimeSpan.FromDays(36_500);

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var tokens = app.MapGroup("/api/tokens").WithTags("access");
        tokens.MapGet("", ListAsync).Named("listTokens", "Every token in force, and with all the revoked ones too; never the secrets").For(Role.Admin).Produces<TokenList>().Problems(503);
        tokens.MapPost("", AddAsync).Named("addToken", "Makes a token; the answer is the one place where it is shown").For(Role.Admin)
            .Accepts<TokenRequest>("application/json").Produces<TokenMade>(201).Problems(409, 413, 415, 422, 503);
        tokens.MapPost("/{name}/rotate", (Server server, HttpContext context, string name, CancellationToken stop) => AccessChanges.GuardAsync(
                "The token was not rotated", async () => Made(await Tokens(server, context).RotateAsync(name, context.ActorOf(), stop).ConfigureAwait(false))))
            .Named("rotateToken", "Puts a new secret in the place of a token's; role, expiry and limits stay").For(Role.Admin).Produces<TokenMade>(201).Problems(404, 422, 503);
        tokens.MapDelete("/{name}", (Server server, HttpContext context, string name, CancellationToken stop) => AccessChanges.GuardAsync(
                "No token was revoked", async () => Results.Ok(await Tokens(server, context).RevokeAsync(name, stop).ConfigureAwait(false))))
            .Named("revokeToken", "Makes a token worth nothing; every node obeys within a second").For(Role.Admin).Produces<TokenView>().Problems(404, 503);
    }

    private static async Task<IResult> ListAsync(Server server, CancellationToken stop, [FromQuery(Name = "all")] bool? all) =>
        Results.Ok(new TokenList(await new TokenOperations(server.Database, server.Hints.Send).ListAsync(all ?? false, stop).ConfigureAwait(false)));

    private static Task<IResult> AddAsync(Server server, HttpContext context, CancellationToken stop) => AccessChanges.ReadAsync<TokenRequest>(context, "No token was made", async wanted =>
    {
        if (wanted.ExpiresIn is { } span && (span < _shortest || span > _longest))
        {
            throw new AccessRefused(AccessRefusal.Mistake, "expires_in", "expected 1m to 36500d");
        }

        // One that is nothing would be left out, and a token meant to be limited would not be.
        if (wanted.Topics.Concat(wanted.Devices).Any(item => string.IsNullOrWhiteSpace(item) || item.Contains(',', StringComparison.Ordinal)))
        {
            throw new AccessRefused(AccessRefusal.Mistake, "", "an item of topics or devices is empty or has a comma; expected one name each, such as meter-7 or meter-*");
        }

        if (Scopes.TryParse(Joined(wanted.Topics), Joined(wanted.Devices), out var scopes) is { } mistake)
        {
            throw new AccessRefused(AccessRefusal.Mistake, "", mistake);
        }

        Instant? until = wanted.ExpiresIn is { } life ? server.Database.Clock.Now + life : null;
        var token = new NewToken(wanted.Name, AccessChanges.RoleOf(wanted.Role), until, scopes);
        return Made(await Tokens(server, context).AddAsync(token, context.ActorOf(), stop).ConfigureAwait(false));
    }, stop);

    private static IResult Made(IssuedToken issued) => Results.Created((string?)null, new TokenMade(issued.Text, issued.Token));

    private static TokenOperations Tokens(Server server, HttpContext context) => new(server.By(context).Database, server.Hints.Send);

    private static string? Joined(IReadOnlyList<string> items) => items.Count == 0 ? null : string.Join(',', items);
}
