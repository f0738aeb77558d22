using Rondo.Storage;

namespace Rondo.Live;

/// <summary>Something that happened, published after the commit that made it true.</summary>
/// <param name="Type"><c>data</c> or <c>event</c>.</param>
/// <param name="Name">Name of an event, such as <c>device_status_changed</c>; empty for data.</param>
/// <param name="Topic">Its address, such as <c>devices.12</c>.</param>
/// <param name="At">When it was true.</param>
/// <param name="Data">What happened: a record of the module that published it.</param>
public sealed record Event(string Type, string Name, string Topic, Instant At, object Data);
