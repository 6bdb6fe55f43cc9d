import DaybookModel

/// A list of any length, asked for page by page.
enum Listing {
  private static let pageMax = 1_000

  /// `next` gives a page behind the last of the page before.
  static func print<Entry>(
    _ columns: [(String, TextTable.Alignment)], asJSON: Bool,
    next: (Entry?, Int) async throws -> [Entry], cells: (Entry) -> [String],
    line: (Entry) -> JSONLine
  ) async throws {
    var output = StandardOutput()
    var table = TextTable(columns)
    var last: Entry?
    while true {
      let page = try await next(last, pageMax)
      for entry in page {
        if asJSON { try output.line(line(entry)) } else { table.add(cells(entry)) }
      }
      guard page.count == pageMax else { break }
      last = page.last
    }
    if !asJSON {
      for line in table.lines { try output.line(line) }
    }
    try output.flush()
  }
}
