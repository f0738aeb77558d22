namespace Rondo.Security;

/// <summary>What somebody may do. The order is that of rising rights, but for <see cref="Ingest"/>, which stands apart.</summary>
public enum Role
{
    /// <summary>Sees everything but secrets, users, tokens and the audit trail.</summary>
    Viewer,

    /// <summary>Writes data in, and sees nothing.</summary>
    Ingest,

    /// <summary>Sees everything a viewer does, and changes whatever keeps the fleet running: devices, polling, jobs, queues, schedules, nodes.</summary>
    Operator,

    /// <summary>Everything, users, tokens and the audit trail included.</summary>
    Admin,
}

/// <summary>Roles in words, and which includes which.</summary>
public static class Roles
{
    /// <summary>Every role, from the most to the least.</summary>
    public static IReadOnlyList<Role> All { get; } = [Role.Admin, Role.Operator, Role.Viewer, Role.Ingest];

    /// <summary>The word for it: <c>admin</c>, <c>operator</c>, <c>viewer</c>, <c>ingest</c>.</summary>
    public static string Text(this Role role) => role switch
    {
        Role.Admin => "admin",
        Role.Operator => "operator",
        Role.Viewer => "viewer",
        _ => "ingest",
    };

    /// <summary>Reads the word.</summary>
    public static bool TryParse(string? text, out Role role)
    {
        foreach (var each in All)
        {
            if (each.Text() == text)
            {
                role = each;
                return true;
            }
        }

        role = default;
        return false;
    }

    /// <summary>True when whoever has <paramref name="role"/> may do what <paramref name="needed"/> may.</summary>
    public static bool Includes(this Role role, Role needed) => role == needed || role == Role.Admin || (role == Role.Operator && needed != Role.Admin);
}
