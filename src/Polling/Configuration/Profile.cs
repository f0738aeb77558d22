using Rondo.Drivers.Modbus;

namespace Rondo.Polling.Configuration;

/// <summary>The register map of a kind of meter, so that a device need only name it.</summary>
/// <param name="Name">Its name in device files.</param>
/// <param name="Title">Maker and models.</param>
/// <param name="Note">What to know before using it; may be empty.</param>
/// <param name="CheckWithManual">True when models or firmware differ, so that the user must compare it with the meter's own manual.</param>
/// <param name="Modbus">Limits of the meter (the unit in it means nothing).</param>
/// <param name="Points">What can be read.</param>
public sealed record Profile(string Name, string Title, string Note, bool CheckWithManual, ModbusDeviceSettings Modbus, IReadOnlyList<ProfilePoint> Points);

/// <summary>One point of a profile.</summary>
/// <param name="Point">The point.</param>
/// <param name="Description">What it is, in words.</param>
public sealed record ProfilePoint(PointSpec Point, string Description);
