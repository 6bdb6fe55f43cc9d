/// How far two words are from each other, to tell what was probably meant.
package enum EditDistance {
  /// How many letters have to be put in, left out, changed or (next to each other) swapped
  /// (optimal string alignment).
  package static func between(_ one: String, _ other: String) -> Int {
    let (one, other) = (Array(one.utf8), Array(other.utf8))
    var before: [Int] = []
    var last = Array(0...other.count)
    for row in 1...max(one.count, 1) where row <= one.count {
      var line = [row]
      for column in 1...max(other.count, 1) where column <= other.count {
        let isEqual = one[row - 1] == other[column - 1]
        var best = min(
          last[column] + 1, line[column - 1] + 1, last[column - 1] + (isEqual ? 0 : 1))
        let isSwapped =
          row > 1 && column > 1 && one[row - 1] == other[column - 2]
          && one[row - 2] == other[column - 1]
        if isSwapped { best = min(best, before[column - 2] + 1) }
        line.append(best)
      }
      (before, last) = (last, line)
    }
    return last[other.count]
  }

  /// What is so near that it was probably meant, at most two letters away, the nearest first.
  package static func near(_ word: String, among words: some Sequence<String>) -> [String] {
    words.map { ($0, between($0, word)) }.filter { $0.1 <= 2 }
      .sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
  }
}
