// Loaded first by each process of `npm test -- --coverage`: only that process records. The processes that tests start
// run the built files, whose coverage says nothing about the sources.
delete process.env.NODE_V8_COVERAGE
