using Rondo.Diagnostics;
using Rondo.Storage;

namespace Rondo.Host.Checks;

/// <summary>A reason why a part is not healthy.</summary>
/// <param name="Code">Its stable name.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Message">What was found.</param>
/// <param name="Since">Since when this node has seen it.</param>
/// <param name="Todo">What to do.</param>
internal sealed record PartReason(string Code, Health Severity, string Subject, string Message, Instant Since, string Todo);

/// <summary>One part of a running node.</summary>
/// <param name="Name"><c>node</c>, <c>database</c>, <c>polling</c>, …</param>
/// <param name="State"><c>healthy</c>, <c>degraded</c> or <c>critical</c>; the worst of its reasons.</param>
/// <param name="Reason">The worst reason in words; null when it is healthy.</param>
/// <param name="Since">Since when it has been in this state, as this node has seen it.</param>
/// <param name="Todo">What to do; null when nothing is.</param>
/// <param name="Reasons">Every reason, the worst first.</param>
internal sealed record HealthPart(string Name, Health State, string? Reason, Instant Since, string? Todo, IReadOnlyList<PartReason> Reasons);

/// <summary>Health of everything this node does, part by part.</summary>
/// <param name="Status">The worst of the parts.</param>
/// <param name="At">Database time of the answer.</param>
/// <param name="Node">The node that answers.</param>
/// <param name="Version">Version of its program.</param>
/// <param name="UptimeS">Seconds since its start.</param>
/// <param name="Parts">Every part, in a fixed order.</param>
internal sealed record DetailedHealth(Health Status, Instant At, string Node, string Version, double UptimeS, IReadOnlyList<HealthPart> Parts);
