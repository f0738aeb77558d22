using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>A user to be added.</summary>
internal sealed record UserRequest
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary><c>admin</c>, <c>operator</c>, <c>viewer</c> or <c>ingest</c>.</summary>
    public required string Role { get; init; }

    /// <summary>The password; null for a random one, which the answer has.</summary>
    public string? Password { get; init; }
}

/// <summary>Another role.</summary>
/// <param name="Role"><c>admin</c>, <c>operator</c>, <c>viewer</c> or <c>ingest</c>.</param>
internal sealed record RoleRequest(string Role);

/// <summary>Another password.</summary>
internal sealed record PasswordRequest
{
    /// <summary>The password; null for a random one, which the answer has.</summary>
    public string? Password { get; init; }
}

/// <summary>Every user.</summary>
/// <param name="Users">By name.</param>
internal sealed record UserList(IReadOnlyList<UserView> Users);

/// <summary>A user that was added or has another password.</summary>
/// <param name="Name">Name.</param>
/// <param name="Role">What they may.</param>
/// <param name="Password">The random password, the one time it is known; null when one was given.</param>
internal sealed record UserWritten(string Name, string Role, string? Password);

/// <summary>People who sign in with a password; for admins.</summary>
internal static class UserEndpoints
{
    private const string Json = "application/json";

    /// <summary>Maps them.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var users = app.MapGroup("/api/users").WithTags("access");
        users.MapGet("", async (Server server, CancellationToken stop) => Results.Ok(new UserList(await new UserOperations(server.Database, server.Hints.Send).ListAsync(stop).ConfigureAwait(false))))
            .Named("listUsers", "Every user and its role").For(Role.Admin).Produces<UserList>().Problems(503);
        users.MapPost("", AddAsync).Named("addUser", "Adds a user").For(Role.Admin).Accepts<UserRequest>(Json).Produces<UserWritten>(201).Problems(409, 413, 415, 422, 503);
        users.MapPut("/{name}/role", SetRoleAsync).Named("setUserRole", "Another role; sessions of the user end within a second").For(Role.Admin)
            .Accepts<RoleRequest>(Json).Produces<UserWritten>().Problems(404, 413, 415, 422, 503);
        users.MapPut("/{name}/password", SetPasswordAsync).Named("setUserPassword", "Another password; sessions of the user end within a second").For(Role.Admin)
            .Accepts<PasswordRequest>(Json).Produces<UserWritten>().Problems(404, 413, 415, 422, 503);
        users.MapPost("/{name}/rotate", (Server server, HttpContext context, string name, CancellationToken stop) =>
                AccessChanges.GuardAsync("The password was not changed", async () =>
                {
                    var password = UserOperations.NewPassword();
                    return Written(await Users(server, context).SetPasswordAsync(name, password, stop).ConfigureAwait(false), password);
                }))
            .Named("rotateUser", "A random password in the place of a user's, which the answer has; its sessions end within a second").For(Role.Admin).Produces<UserWritten>().Problems(404, 503);
        users.MapPost("/{name}/revoke", (Server server, HttpContext context, string name, CancellationToken stop) =>
                AccessChanges.GuardAsync("Nothing was revoked", async () => Results.Ok(await Users(server, context).RevokeAsync(name, stop).ConfigureAwait(false))))
            .Named("revokeUser", "Ends every session of a user and every token it has made, within a second; the user stays").For(Role.Admin).Produces<UserRevoked>().Problems(404, 503);
        users.MapDelete("/{name}", (Server server, HttpContext context, string name, CancellationToken stop) =>
                AccessChanges.GuardAsync("Nobody was removed", async () => Written(await Users(server, context).RemoveAsync(name, stop).ConfigureAwait(false), null)))
            .Named("removeUser", "Removes a user; its sessions end within a second").For(Role.Admin).Produces<UserWritten>().Problems(404, 503);
    }

    private static Task<IResult> AddAsync(Server server, HttpContext context, CancellationToken stop) => AccessChanges.ReadAsync<UserRequest>(context, "No user was added", async wanted =>
    {
        var role = AccessChanges.RoleOf(wanted.Role);
        var (password, random) = Password(wanted.Password);
        var user = await Users(server, context).AddAsync(wanted.Name, role, password, context.ActorOf(), stop).ConfigureAwait(false);
        return Results.Created((string?)null, new UserWritten(user.Name, user.Role, random));
    }, stop);

    private static Task<IResult> SetRoleAsync(Server server, HttpContext context, string name, CancellationToken stop) => AccessChanges.ReadAsync<RoleRequest>(
        context, "The role was not changed", async wanted => Written(await Users(server, context).SetRoleAsync(name, AccessChanges.RoleOf(wanted.Role), stop).ConfigureAwait(false), null), stop);

    private static Task<IResult> SetPasswordAsync(Server server, HttpContext context, string name, CancellationToken stop) => AccessChanges.ReadAsync<PasswordRequest>(context, "The password was not changed", async wanted =>
    {
        var (password, random) = Password(wanted.Password);
        return Written(await Users(server, context).SetPasswordAsync(name, password, stop).ConfigureAwait(false), random);
    }, stop);

    private static UserOperations Users(Server server, HttpContext context) => new(server.By(context).Database, server.Hints.Send);

    private static IResult Written(UserView user, string? password) => Results.Ok(new UserWritten(user.Name, user.Role, password));

    private static (string Password, string? Random) Password(string? given)
    {
        var random = given is null ? UserOperations.NewPassword() : null;
        return (given ?? random!, random);
    }
}
