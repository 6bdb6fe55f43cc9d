/// Which Daybook this is: what `daybook --version` prints, a server logs at its start, and the program
/// tells a server that it connects to. It counts as semver.org says; the formats have versions of
/// their own.
package enum Version {
  package static let text = "0.1.0"
}
