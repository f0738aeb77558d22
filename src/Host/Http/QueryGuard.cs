using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Mvc;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>
/// Refuses query parameters that the endpoint does not know (a misspelt <c>dry_run</c> must not become a real run), that are given twice, or
/// that cannot be read, each with what was expected. What an endpoint knows is read from its handler.
/// </summary>
internal static class QueryGuard
{
    /// <summary>The middleware.</summary>
    public static Task Check(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Query.Count == 0 || context.GetEndpoint()?.Metadata.GetMetadata<MethodInfo>() is not { } handler)
        {
            return next(context);
        }

        var known = handler.GetParameters()
            .SelectMany(p => p.IsDefined(typeof(AsParametersAttribute)) ? p.ParameterType.GetConstructors()[0].GetParameters() : [p])
            .Select(p => (Parameter: p, Query: p.GetCustomAttribute<FromQueryAttribute>()))
            .Where(p => p.Query is not null)
            .ToDictionary(p => p.Query!.Name!, p => p.Parameter.ParameterType);
        var errors = new List<ProblemItem>();
        foreach (var (name, values) in context.Request.Query)
        {
            var message = !known.TryGetValue(name, out var type)
                ? $"is not known here; expected {(known.Count == 0 ? "no query" : string.Join(", ", known.Keys))}"
                : values.Count > 1 && type != typeof(string[]) ? "is given twice; expected it once" : Mistake(values.ToString(), type);
            if (message is not null)
            {
                errors.Add(new ProblemItem(name, message));
            }
        }

        return errors.Count == 0
            ? next(context)
            : (Problem.Of(StatusCodes.Status400BadRequest, $"The query of {context.Request.Path} cannot be read: {errors[0].Pointer} {errors[0].Message}.") with { Errors = errors })
                .ExecuteAsync(context);
    }

    private static string? Mistake(string text, Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain == typeof(bool))
        {
            return bool.TryParse(text, out _) ? null : $"is '{text}'; expected true or false";
        }

        if (plain == typeof(int))
        {
            return int.TryParse(text, CultureInfo.InvariantCulture, out _) ? null : $"is '{text}'; expected a whole number";
        }

        if (plain == typeof(long))
        {
            return long.TryParse(text, CultureInfo.InvariantCulture, out _) ? null : $"is '{text}'; expected a whole number";
        }

        if (plain == typeof(Instant))
        {
            return Instant.TryParse(text, out _) ? null : $"is '{text}'; expected an instant in ISO 8601 such as 2026-01-31T12:00:00Z (a + must be written %2B)";
        }

        return text.Any(char.IsControl) ? "has a control character; expected plain text" : null;
    }
}
