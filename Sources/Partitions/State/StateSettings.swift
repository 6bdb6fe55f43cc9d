/// What a partition's state is made with.
package struct StateSettings: Sendable {
  package var origins: OriginMemory.Bounds
  package var amended: AmendedMemory.Bounds
  /// Of its tables. Nobody outside is to know it: keys that fall into one page could be chosen.
  package var tableSeed: UInt64

  package init(
    origins: OriginMemory.Bounds = .standard, amended: AmendedMemory.Bounds = .standard,
    tableSeed: UInt64 = .random(in: .min ... .max)
  ) {
    self.origins = origins
    self.amended = amended
    self.tableSeed = tableSeed
  }
}
