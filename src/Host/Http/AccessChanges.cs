using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>What requests about users and tokens have in common: a body, and refusals that become answers.</summary>
internal static class AccessChanges
{
    /// <summary>Reads the body and does it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="nothing">What was not done, when it is refused; a sentence without its full stop.</param>
    /// <param name="change">The change.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<IResult> ReadAsync<T>(HttpContext context, string nothing, Func<T, Task<IResult>> change, CancellationToken stop)
        where T : class
    {
        var (text, problem) = await RequestBody.ReadAsync(context.Request, stop).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var (wanted, mistake) = JobEndpoints.Read<T>(text);
        return wanted is null ? Problem.Refused(nothing + ".", [mistake!]) : await GuardAsync(nothing, () => change(wanted)).ConfigureAwait(false);
    }

    /// <summary>Does it; what is refused is told as what it is.</summary>
    public static async Task<IResult> GuardAsync(string nothing, Func<Task<IResult>> change)
    {
        try
        {
            return await change().ConfigureAwait(false);
        }
        catch (AccessRefused refused)
        {
            return refused.Reason switch
            {
                AccessRefusal.Mistake => Problem.Refused(nothing + ".", [new ProblemItem(refused.Field.Length == 0 ? "" : "/" + refused.Field, refused.Message)]),
                AccessRefusal.Unknown => Problem.Of(StatusCodes.Status404NotFound, $"{nothing}: {refused.Message}."),
                _ => Problem.Of(StatusCodes.Status409Conflict, $"{nothing}: {refused.Message}."),
            };
        }
    }

    /// <summary>The role of that name.</summary>
    /// <exception cref="AccessRefused">There is none.</exception>
    public static Role RoleOf(string text) => Roles.TryParse(text, out var role)
        ? role
        : throw new AccessRefused(AccessRefusal.Mistake, "role", $"'{SpecPointer.Shown(text)}' is no role; expected one of {string.Join(", ", Roles.All.Select(r => r.Text()))}");
}
